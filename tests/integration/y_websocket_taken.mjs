// A stock y-websocket client whose client id was taken while it was offline, for test_y_websocket.py:
// node y_websocket_taken.mjs URL ID TOKEN CLIENT TEXT
//
// Has TEXT under the client id CLIENT before it connects. Prints how the connection ended for good,
// and how often it was opened until then.
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const [url, id, token, client, text] = process.argv.slice(2);
const doc = new Y.Doc();
doc.clientID = Number(client);
doc.getText("content").insert(0, text);
const provider = new WebsocketProvider(url, id, doc, {
  params: { token },
  WebSocketPolyfill: WebSocket,
  disableBc: true,
});
let connections = 0;
provider.on("connection-close", () => {
  connections += 1;
});
provider.on("closed", ({ code, reason }) => {
  console.log(JSON.stringify({ code, reason, connections }));
  provider.destroy();
  process.exit(0);
});
