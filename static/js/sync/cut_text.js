/** Text that was cut, until it is pasted. Pure. */
import { Y } from "../../vendor/yjs.js";

/** @typedef {import("./moved_text.js").Part} Part */
/** @typedef {import("./copies.js").Copy} Copy */

/**
 * Return whether some of a deleted part stands again, as one of `copies`, in the order of their making.
 * @param {Y.Doc} doc
 * @param {Part} part
 * @param {Copy[]} copies
 */
export function standsAgain({ store }, { ids }, copies) {
  const known = [...ids];
  return copies.some(([client, clock, length, source, from]) => {
    const isKnown = known.some(
      (one) => one.client === source && one.clock < from + length && from < one.clock + one.length,
    );
    if (!isKnown) return false;
    known.push({ client, clock, length });
    const structs = store.clients.get(client) ?? [];
    let at = Y.findIndexSS(structs, clock);
    while ((structs[at]?.id.clock ?? Infinity) < clock + length && structs[at]?.deleted) at += 1;
    return (structs[at]?.id.clock ?? Infinity) < clock + length;
  });
}

/**
 * Return parts without those of some ids.
 * @param {Part[]} parts
 * @param {{client: number, clock: number, length: number}[]} ids
 * @returns {Part[]}
 */
export function partsWithout(parts, ids) {
  return parts.flatMap((part) => {
    /** @type {Part[]} */
    const left = [];
    let isOpen = false;
    let at = 0;
    for (const { client, clock, length } of part.ids) {
      let from = clock;
      const keepUntil = (/** @type {number} */ end) => {
        const kept = end - from;
        if (kept <= 0) return;
        if (!isOpen) left.push({ ...part, text: "", ids: [] });
        isOpen = true;
        const last = /** @type {Part} */ (left.at(-1));
        last.text += part.text.slice(at + from - clock, at + end - clock);
        last.ids.push({ client, clock: from, length: kept });
      };
      for (const range of ids.filter((one) => one.client === client).sort(inClockOrder)) {
        if (range.clock + range.length <= from || range.clock >= clock + length) continue;
        keepUntil(range.clock);
        from = range.clock + range.length;
        isOpen = false;
      }
      keepUntil(clock + length);
      at += length;
    }
    return left;
  });
}

/** @param {{clock: number}} one @param {{clock: number}} other */
function inClockOrder(one, other) {
  return one.clock - other.clock;
}
