/**
 * Reads the styles of pasted HTML, which are set aside in `data-style`, as marks and attributes: the
 * rules of the import (`apps/crdt/content/html_attributes.py`, `apps/crdt/content/highlights.py`).
 */

/** Elements that begin a line of their own. */
export const BLOCKS =
  "p, div, h1, h2, h3, h4, h5, h6, ul, ol, li, pre, blockquote, table, tr, hr, br";
/** Blocks with lines that may stand at the left, in the centre, at the right. */
const ALIGNED = "p, h1, h2, h3, h4, h5, h6";
/** Colours by the end of their hues, in degrees. */
const HUES = /** @type {[number, string][]} */ ([
  [15, "red"],
  [42, "orange"],
  [70, "yellow"],
  [165, "green"],
  [255, "blue"],
  [345, "purple"],
  [360, "red"],
]);
/** Colours by the names that Word and browsers give them, where they are others. */
const NAMES = /** @type {Record<string, string>} */ ({
  aqua: "blue",
  cyan: "blue",
  fuchsia: "purple",
  gold: "yellow",
  lime: "green",
  magenta: "purple",
  maroon: "red",
  navy: "blue",
  olive: "yellow",
  pink: "purple",
  teal: "blue",
});
/** Least difference between the parts of a colour that is no grey. */
const MIN_CHROMA = 24;

/**
 * Return the declarations of an element's style attribute.
 * @param {Element} element
 * @returns {Map<string, string>}
 */
export function styleOf(element) {
  const declared = new Map();
  const style = (element.getAttribute("data-style") ?? "").toLowerCase();
  for (const declaration of style.split(";")) {
    const at = declaration.indexOf(":");
    if (at >= 0) declared.set(declaration.slice(0, at).trim(), declaration.slice(at + 1).trim());
  }
  return declared;
}

/**
 * Return how the lines of a block or cell stand; empty if nothing tells it.
 * @param {Element} element
 */
export function alignOf(element) {
  return styleOf(element).get("text-align") ?? element.getAttribute("align") ?? "";
}

/**
 * Make marks of styles. Google Docs wraps everything in a `b` that is not bold, and keeps the looks of
 * each run in the style of a `span`.
 * @param {Element} body
 */
export function readStyles(body) {
  for (const element of body.querySelectorAll("[data-style]")) {
    const style = styleOf(element);
    const weight = style.get("font-weight") ?? "";
    const isLight = weight === "normal" || (/^\d+$/.test(weight) && Number(weight) < 600);
    if (element.matches("b, strong") && isLight) {
      element.replaceWith(...element.childNodes);
      continue;
    }
    if (element.matches(ALIGNED)) element.setAttribute("align", alignOf(element));
    if (element.matches(BLOCKS)) continue;
    const isHeavy = /^bold/.test(weight) || Number(weight) >= 600;
    const line = `${style.get("text-decoration")} ${style.get("text-decoration-line")}`;
    if (isHeavy) wrapContent(element, "strong");
    if (/^(italic|oblique)/.test(style.get("font-style") ?? "")) wrapContent(element, "em");
    if (line.includes("line-through")) wrapContent(element, "s");
    // Other programs underline every link.
    const isLink = element.closest("a") !== null || element.querySelector("a") !== null;
    if (line.includes("underline") && !isLink) wrapContent(element, "u");
    const raised = /^su(?:b|p)/.exec(style.get("vertical-align") ?? "")?.[0];
    if (raised) wrapContent(element, raised);
    const behind = style.get("background-color") ?? style.get("background") ?? "";
    const colour = highlightOf(behind);
    // The shade of a cell is not of its words.
    if (colour && !element.matches("mark, td, th"))
      wrapContent(element, "mark").dataset.color = colour;
  }
}

/**
 * @param {Element} element
 * @param {string} tag
 */
function wrapContent(element, tag) {
  const mark = element.ownerDocument.createElement(tag);
  mark.append(...element.childNodes);
  element.append(mark);
  return mark;
}

/**
 * Return the colour next to one of CSS; empty for greys, and for what is not shown.
 * @param {string} css in lower case
 */
export function highlightOf(css) {
  const named = HUES.find(([, name]) => name === css)?.[1] ?? NAMES[css];
  if (named) return named;
  const hex = /^#(?:([0-9a-f]{3})|([0-9a-f]{6}))$/.exec(css);
  const rgb = /^rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]+%?))?\)$/.exec(
    css,
  );
  if (!hex && (!rgb || !/[1-9]/.test(rgb[4] ?? "1"))) return "";
  const digits = hex?.[2] ?? (hex?.[1] ?? "").replaceAll(/./g, "$&$&");
  const [red = 0, green = 0, blue = 0] = hex
    ? (digits.match(/../g) ?? []).map((part) => Number.parseInt(part, 16))
    : (rgb ?? []).slice(1, 4).map((part) => Math.min(Number(part), 255));
  const most = Math.max(red, green, blue);
  const chroma = most - Math.min(red, green, blue);
  if (chroma < MIN_CHROMA) return "";
  let hue = (60 * (red - green)) / chroma + 240;
  if (most === red) hue = ((60 * (green - blue)) / chroma + 360) % 360;
  else if (most === green) hue = (60 * (blue - red)) / chroma + 120;
  return HUES.find(([end]) => hue <= end)?.[1] ?? "";
}
