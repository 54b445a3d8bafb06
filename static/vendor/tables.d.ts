export * from "./tables.entry.mjs";
