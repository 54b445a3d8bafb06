/** The parts of a code that are highlighted: their places and classes. Pure. */

/** Where a part begins and ends, and its classes. @typedef {[number, number, string]} CodeRange */

/** @typedef {{type: string, value?: string, properties?: {className?: unknown}, children?: Tree[]}} Tree */

/**
 * Return the parts of a tree of `lowlight`.
 * @param {Tree} tree
 * @returns {CodeRange[]}
 */
export function rangesOf(tree) {
  /** @type {CodeRange[]} */
  const ranges = [];
  let at = 0;
  /** @param {Tree} node @param {string} around */
  const walk = (node, around) => {
    if (node.type === "text") {
      const end = at + (node.value ?? "").length;
      if (around !== "" && end > at) ranges.push([at, end, around]);
      at = end;
      return;
    }
    const own = node.properties?.className;
    const classes = Array.isArray(own) ? own.join(" ") : around;
    for (const child of node.children ?? []) walk(child, classes);
  };
  walk(tree, "");
  return ranges;
}

/** The languages that are highlighted, as the picker names them. @type {Record<string, string>} */
export const LANGUAGES = {
  arduino: "Arduino",
  bash: "Bash",
  c: "C",
  csharp: "C#",
  cpp: "C++",
  css: "CSS",
  diff: "Diff",
  go: "Go",
  graphql: "GraphQL",
  ini: "INI, TOML",
  java: "Java",
  javascript: "JavaScript",
  json: "JSON",
  kotlin: "Kotlin",
  less: "Less",
  lua: "Lua",
  makefile: "Makefile",
  markdown: "Markdown",
  objectivec: "Objective-C",
  perl: "Perl",
  php: "PHP",
  "php-template": "PHP template",
  plaintext: "Plain text",
  python: "Python",
  "python-repl": "Python REPL",
  r: "R",
  ruby: "Ruby",
  rust: "Rust",
  scss: "SCSS",
  shell: "Shell session",
  sql: "SQL",
  swift: "Swift",
  typescript: "TypeScript",
  vbnet: "Visual Basic",
  wasm: "WebAssembly",
  xml: "HTML, XML",
  yaml: "YAML",
};
