// The floor: hands frames on between the sockets of a room, knows no documents, and answers each sync
// step 1 with nothing. It shows what the generator and a bare loop can do on this machine.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const EMPTY_STEP2 = Uint8Array.of(0, 1, 2, 0, 0);
const rooms = new Map();
const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });

server.on("connection", (socket, request) => {
  const room = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, room.add(socket));
  socket.on("message", (data) => {
    if (data[0] === 0 && data[1] === 0) return socket.send(EMPTY_STEP2);
    for (const other of room) if (other !== socket) other.send(data);
  });
  socket.on("close", () => {
    room.delete(socket);
    if (room.size === 0) rooms.delete(request.url);
  });
});
http.listen(Number(process.env.PORT), "127.0.0.1");
