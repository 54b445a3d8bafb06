// @y/websocket-server as it comes: documents in memory only.
process.env.HOST = "127.0.0.1";
await import("../node_modules/@y/websocket-server/src/server.js");
