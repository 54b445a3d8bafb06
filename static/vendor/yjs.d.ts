export * from "./yjs.entry.mjs";
