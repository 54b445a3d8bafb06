export * from "./highlight.entry.mjs";
