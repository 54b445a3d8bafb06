export * from "./tiptap.entry.mjs";
