/** The exports that the pages use of Yjs and its companions; `build.mjs` bundles it to `yjs.js`. */
export * as Y from "yjs";
export * as awarenessProtocol from "y-protocols/awareness";
export { Awareness } from "y-protocols/awareness";
export * as decoding from "lib0/decoding";
export * as encoding from "lib0/encoding";
export { IndexeddbPersistence } from "y-indexeddb";
