// A stock y-websocket client for test_y_websocket.py: node y_websocket_client.mjs URL ID TOKEN TEXT
//
// Connects as in the package's documentation, appends TEXT to the root text `content`, prints a
// line of JSON whenever the text or the connection changes, and ends when its standard input does.
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const [url, id, token, text] = process.argv.slice(2);
const doc = new Y.Doc();
const content = doc.getText("content");
const provider = new WebsocketProvider(url, id, doc, {
  params: { token },
  WebSocketPolyfill: WebSocket,
  disableBc: true,
});
provider.awareness.setLocalStateField("user", { name: "Somebody else", color: "#30bced" });
const say = () =>
  console.log(
    JSON.stringify({
      text: content.toString(),
      synced: provider.synced,
      names: [...provider.awareness.getStates().values()].map((state) => state.user?.name).sort(),
    }),
  );
doc.on("update", say);
provider.awareness.on("change", say);
provider.once("sync", () => {
  say();
  content.insert(content.length, text);
});
process.stdin.resume();
process.stdin.on("end", () => {
  provider.destroy();
  process.exit(0);
});
