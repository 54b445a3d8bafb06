/**
 * Bundles the third-party modules of the pages, once, from the lock file: `npm run vendor`.
 *
 * The result is committed, so that running the product needs no Node. `yjs.js`, `tiptap.js` and `tables.js`
 * share their chunks: two copies of Yjs in one page would not recognise each other's types.
 * Patches of modules are in `patches.mjs`.
 */
import { copyFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import { EMOJI } from "./emoji_lines.mjs";
import { patches } from "./patches.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");

for (const name of readdirSync(here)) {
  if (/\.js(\.br)?$/.test(name)) rmSync(join(here, name));
}
/**
 * Bundle entries, which share their chunks.
 * @param {string[]} names
 */
const bundle = (names) =>
  build({
    entryPoints: Object.fromEntries(names.map((name) => [name, join(here, `${name}.entry.mjs`)])),
    outdir: here,
    chunkNames: "shared-[hash]",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    metafile: true,
    plugins: [patches],
    logLevel: "warning",
  });
const results = [
  await bundle(["yjs", "tiptap", "tables"]),
  // Alone: with the editor's bundles it would share a chunk that each page loads.
  await bundle(["highlight"]),
];

writeFileSync(join(here, "emoji.js"), `export const EMOJI = ${JSON.stringify(EMOJI)};\n`);

// Served as they are to browsers that take Brotli: its best quality takes seconds.
for (const name of readdirSync(here)) {
  if (!name.endsWith(".js")) continue;
  const content = readFileSync(join(here, name));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  writeFileSync(join(here, `${name}.br`), brotliCompressSync(content, { params }));
}

const fonts = [
  ["@fontsource-variable/literata", "literata-latin-wght-normal.woff2"],
  ["@fontsource-variable/literata", "literata-latin-wght-italic.woff2"],
  ["@fontsource-variable/figtree", "figtree-latin-wght-normal.woff2"],
];
for (const [module, file] of fonts) {
  copyFileSync(join(root, "node_modules", module, "files", file), join(here, "fonts", file));
}

/** Icons that the pages use, by their Lucide name; one sprite, so one request. */
const icons = [
  "bold",
  "italic",
  "underline",
  "strikethrough",
  "code",
  "heading-1",
  "heading-2",
  "heading-3",
  "list",
  "list-ordered",
  "list-checks",
  "quote",
  "square-code",
  "minus",
  "link",
  "undo-2",
  "redo-2",
  "keyboard",
  "sun",
  "moon",
  "arrow-up-right",
  "copy",
  "x",
  "plus",
  "search",
  "trash-2",
  "pencil",
  "rotate-ccw",
  "check",
  "cloud-off",
  "loader",
  "lock",
  "eye",
  "ban",
  "triangle-alert",
  "arrow-left",
  "file-text",
  "log-out",
  "user-plus",
  "contrast",
  "ellipsis",
  "activity",
  "history",
  "download",
  "upload",
  "highlighter",
  "play",
  "pause",
  "skip-back",
  "skip-forward",
  "bookmark",
  "printer",
  "pilcrow",
  "table",
  "table-of-contents",
];
const symbols = icons.map((name) => {
  const svg = readFileSync(join(root, "node_modules/lucide-static/icons", `${name}.svg`), "utf8");
  const shapes = svg
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/^[\s\S]*?<svg[\s\S]*?>|<\/svg>\s*$/g, "");
  return `<symbol id="${name}" viewBox="0 0 24 24">${shapes.replace(/\s+/g, " ").trim()}</symbol>`;
});
writeFileSync(
  join(here, "icons.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`,
);

const bundled = results
  .flatMap(({ metafile }) => Object.keys(metafile.inputs))
  .map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1])
  .filter((name) => name !== undefined);
const names = [
  ...new Set([...bundled, ...fonts.map(([module]) => module), "gemoji", "lucide-static"]),
].sort();
writeFileSync(join(here, "LICENSES.txt"), names.map(licenceOf).join("\n\n"));

/**
 * Return the name, version and licence text of an installed module.
 * @param {string} name
 */
function licenceOf(name) {
  const folder = join(root, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file
    ? readFileSync(join(folder, file), "utf8").trim()
    : "(no licence file in the package)";
  return `${"=".repeat(80)}\n${name} ${version}: ${license}\n${"=".repeat(80)}\n\n${text}`;
}
