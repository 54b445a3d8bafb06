/** Links to a heading: its words as an address, with a number where several have the same. Pure. */

/** @typedef {import("../../vendor/tiptap.js").Editor["state"]["doc"]} Node */

/** Most characters of an address. */
const MAX_CHARS = 80;

/**
 * Return the words of a heading as a part of an address.
 * @param {string} text
 */
export function slugOf(text) {
  const words = text.toLowerCase().match(/[\p{L}\p{M}\p{N}_]+/gu) ?? [];
  // By characters: half of a pair is no address.
  return [...words.join("-")].slice(0, MAX_CHARS).join("") || "heading";
}

/**
 * Return the addresses of all headings, by their positions.
 * @param {Node} doc
 */
export function headingSlugs(doc) {
  /** @type {Map<string, number>} */
  const slugs = new Map();
  doc.descendants((node, pos) => {
    if (node.type.name !== "heading") return !node.isTextblock;
    const slug = slugOf(node.textContent);
    let name = slug;
    for (let count = 2; slugs.has(name); count += 1) name = `${slug}-${count}`;
    slugs.set(name, pos);
    return false;
  });
  return slugs;
}

/**
 * Return the part of an address that leads to the heading at a position; null if there is none.
 * @param {Node} doc
 * @param {number} position
 */
export function linkToHeading(doc, position) {
  const found = [...headingSlugs(doc)].find(([, pos]) => pos === position);
  return found ? `#heading=${encodeURIComponent(found[0])}` : null;
}

/**
 * Return the position of the heading that an address leads to; null if there is none.
 * @param {Node} doc
 * @param {string} hash
 */
export function headingOfLink(doc, hash) {
  try {
    const slug = decodeURIComponent(/^#heading=(.+)$/.exec(hash)?.[1] ?? "");
    return headingSlugs(doc).get(slug) ?? null;
  } catch {
    return null;
  }
}
