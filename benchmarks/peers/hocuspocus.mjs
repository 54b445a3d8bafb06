// Hocuspocus with its SQLite extension, otherwise as it comes (it stores after 2 s, at most after 10 s).
import path from "node:path";
import { SQLite } from "@hocuspocus/extension-sqlite";
import { Server } from "@hocuspocus/server";

const server = new Server({
  address: "127.0.0.1",
  port: Number(process.env.PORT),
  quiet: true,
  extensions: [new SQLite({ database: path.join(process.env.DATA_DIR, "docs.sqlite") })],
});
await server.listen();
