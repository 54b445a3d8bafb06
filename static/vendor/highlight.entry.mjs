/** The grammars of common programming languages, for code blocks; `build.mjs` bundles it to `highlight.js`. */
export { common, createLowlight } from "lowlight";
