/**
 * The edits that end a move conflict (`move_conflicts.js`). Each checks first what still holds, and
 * which of two copies goes depends on their ids alone: two pages that do it at one time delete the same.
 */
import { Y } from "../../vendor/yjs.js";
import { isText } from "./moved_text.js";
import { standingRanges, standingRuns, textOf } from "./standing_text.js";

/** @typedef {import("./copies.js").Copy} Copy */
/** @typedef {import("./move_conflicts.js").MoveConflicts} MoveConflicts */
/** @typedef {import("./move_conflicts.js").Doubled} Doubled */
/** @typedef {import("./move_conflicts.js").Misplaced} Misplaced */
/** @typedef {import("./standing_text.js").IdRange} IdRange */
/** @typedef {import("./standing_text.js").Run} Run */

/**
 * Return what of a conflict still holds; null if nothing does.
 * @param {Y.Doc} doc
 * @param {MoveConflicts} conflicts
 * @returns {MoveConflicts | null}
 */
export function presentConflicts(doc, { doubled, misplaced, returned, clients }) {
  const left = {
    doubled: doubled.flatMap((pair) => presentPairs(doc, pair)),
    misplaced: misplaced
      .filter(({ after }) => textOf(doc, { ...after, length: 1 }) !== null)
      .map(({ ids, after }) => ({ ids: presentIds(doc, ids), after }))
      .filter(({ ids }) => ids.length > 0),
    returned: returned.flatMap((range) => standingRanges(doc, range)),
    clients,
  };
  const isEmpty = left.doubled.length + left.misplaced.length + left.returned.length === 0;
  return isEmpty ? null : left;
}

/**
 * Return what of two copies stands twice.
 * @param {Y.Doc} doc
 * @param {Doubled} pair
 */
function presentPairs(doc, { own, other, isWhole }) {
  return standingRanges(doc, own)
    .flatMap((part) => {
      const clock = other.clock + part.clock - own.clock;
      return standingRanges(doc, { ...other, clock, length: part.length });
    })
    .map((range) => {
      const { clock, length } = range;
      const part = { client: own.client, clock: own.clock + clock - other.clock, length };
      return { own: part, other: range, isWhole };
    })
    .filter((found) => textOf(doc, found.own) === textOf(doc, found.other));
}

/**
 * Return what stands of misplaced text, with what was typed behind it since.
 * @param {Y.Doc} doc
 * @param {IdRange[]} ids
 */
function presentIds(doc, ids) {
  const runs = ids.flatMap((range) => standingRuns(doc, range));
  const last = runs.at(-1);
  if (!last) return [];
  last.length = last.item.length - last.offset;
  let { lastId } = last.item;
  for (let item = last.item.right; item !== null; item = item.right) {
    if (item.deleted) continue;
    if (!isText(item) || !Y.compareIDs(item.origin, lastId)) break;
    runs.push({ item, offset: 0, length: item.length });
    lastId = item.lastId;
  }
  return runs.map(({ item, offset, length }) => {
    const { client, clock } = item.id;
    return { client, clock: clock + offset, length };
  });
}

/**
 * Return the text that a conflict is about.
 * @param {Y.Doc} doc
 * @param {MoveConflicts} conflicts
 */
export function conflictTexts(doc, { doubled, misplaced, returned }) {
  const join = (/** @type {IdRange[]} */ ranges) =>
    ranges.map((range) => textOf(doc, range) ?? "").join("");
  return {
    doubled: join(doubled.map(({ own }) => own)),
    misplaced: misplaced.map(({ ids }) => join(ids)).join(" "),
    returned: join(returned),
  };
}

/**
 * End what still holds of a conflict: delete one of two copies and what was erased, move what was
 * misplaced. A block that is left without text goes unless somebody else's caret is in it.
 * @param {Y.Doc} doc
 * @param {MoveConflicts} conflicts
 * @param {object} options
 * @param {unknown} options.origin
 * @param {(copies: Copy[]) => void} options.noteKnown called with the copies that the edit makes
 * @param {(type: Y.AbstractType<any>) => boolean} [options.isVisited] whether another person's caret
 *   is in a text
 */
export function endConflicts(doc, conflicts, { origin, noteKnown, isVisited = () => false }) {
  const left = presentConflicts(doc, conflicts);
  if (left === null) return;
  doc.transact(() => {
    noteKnown(left.misplaced.flatMap((one) => moved(doc, one)));
    const surplus = left.doubled.map(({ own, other }) => (stands(doc, own, other) ? own : other));
    const emptied = [...surplus, ...left.returned].flatMap((range) => deleteRange(doc, range));
    for (const { text, client } of emptied) deleteEmptied(text, client, isVisited);
  }, origin);
}

/**
 * Return whether the first range stands before the other one. Items never change their order. The
 * last copy is the one to keep: with two splits, both ends of lines stay as they were made.
 * @param {Y.Doc} doc
 * @param {IdRange} one
 * @param {IdRange} other
 */
function stands(doc, one, other) {
  const [path, otherPath] = [one, other].map(({ client, clock }) =>
    pathOf(/** @type {Y.Item} */ (Y.getItem(doc.store, Y.createID(client, clock)))),
  );
  if (!path || !otherPath) return true;
  let depth = 0;
  while (path[depth] === otherPath[depth] && depth < path.length - 1) depth += 1;
  const [first, second] = [path[depth], otherPath[depth]];
  if (first === second) return one.clock < other.clock;
  for (let item = first?.right ?? null; item !== null; item = item.right) {
    if (item === second) return true;
  }
  return false;
}

/** Return an item with those around it, from the root. @param {Y.Item} item */
function pathOf(item) {
  const path = [item];
  for (let around = parentItem(item); around !== null; around = parentItem(around)) {
    path.unshift(around);
  }
  return path;
}

/** @param {Y.Item} item */
function parentItem({ parent }) {
  return parent instanceof Y.AbstractType ? parent._item : null;
}

/**
 * Delete what stands of a range; return the texts that had it.
 * @param {Y.Doc} doc
 * @param {IdRange} range
 */
function deleteRange(doc, range) {
  const texts = [];
  for (let [run] = standingRuns(doc, range); run; [run] = standingRuns(doc, range)) {
    const text = /** @type {Y.XmlText} */ (run.item.parent);
    text.delete(indexOf(run), run.length);
    texts.push({ text, client: range.client });
  }
  return texts;
}

/** Return the place of characters in their text. @param {Run} run */
function indexOf({ item, offset }) {
  let index = offset;
  for (let left = item.left; left !== null; left = left.left) {
    if (!left.deleted && left.countable) index += left.length;
  }
  return index;
}

/**
 * Move misplaced text; return the copies that this makes.
 * @param {Y.Doc} doc
 * @param {Misplaced} misplaced
 */
function moved(doc, { ids, after }) {
  const [place] = standingRuns(doc, { ...after, length: 1 });
  if (!place) return [];
  const target = /** @type {Y.XmlText} */ (place.item.parent);
  let index = indexOf(place) + 1;
  /** @type {Copy[]} */
  const copies = [];
  for (const range of ids) {
    for (const { item, offset, length } of standingRuns(doc, range)) {
      const text = item.content.str.slice(offset, offset + length);
      const { client, clock } = item.id;
      target.insert(index, text, attributesAt({ item, offset, length }));
      let from = 0;
      for (const { id, length: count } of itemsWithin(target, index, length)) {
        copies.push([id.client, id.clock, count, client, clock + offset + from]);
        from += count;
      }
      index += length;
    }
  }
  for (const range of ids) deleteRange(doc, range);
  return copies;
}

/**
 * Return the ids of `length` characters of a text from an index on.
 * @param {Y.AbstractType<any>} text
 * @param {number} index
 * @param {number} length
 */
function itemsWithin(text, index, length) {
  const found = [];
  let at = 0;
  for (let item = text._start; item !== null && at < index + length; item = item.right) {
    if (item.deleted || !item.countable) continue;
    const from = Math.max(index, at);
    const to = Math.min(index + length, at + item.length);
    if (from < to) {
      const { client, clock } = item.id;
      found.push({ id: { client, clock: clock + from - at }, length: to - from });
    }
    at += item.length;
  }
  return found;
}

/** Return the formats of characters. @param {Run} run */
function attributesAt({ item }) {
  /** @type {Record<string, any>} */
  const attributes = {};
  for (let before = item.parent._start; before !== null && before !== item; before = before.right) {
    if (before.deleted || !(before.content instanceof Y.ContentFormat)) continue;
    const { key, value } = before.content;
    if (value === null) delete attributes[key];
    else attributes[key] = value;
  }
  return attributes;
}

/**
 * Delete the block of a text that was emptied, and what is around it alone, if its client made them:
 * not the last one of the document, and none with a caret.
 * @param {Y.AbstractType<any>} text
 * @param {number} client
 * @param {(type: Y.AbstractType<any>) => boolean} isVisited
 */
function deleteEmptied(text, client, isVisited) {
  let block = text._item && parentItem(text._item);
  if (block === null || hasContent(typeOf(block), client)) return;
  while (block !== null && block.id.client === client && !block.deleted) {
    if (isVisited(typeOf(block))) return;
    const parent = /** @type {Y.XmlFragment} */ (block.parent);
    if (parent.length > 1) {
      let index = 0;
      while (parent.get(index)._item !== block) index += 1;
      parent.delete(index, 1);
      return;
    }
    block = parentItem(block);
  }
}

/** Return the type of an element's item. @param {Y.Item} item */
function typeOf(item) {
  return /** @type {Y.ContentType} */ (item.content).type;
}

/**
 * Return whether a block has text, or elements that another client made.
 * @param {Y.AbstractType<any>} type
 * @param {number} client
 */
function hasContent(type, client) {
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue;
    const { content } = item;
    if (!(content instanceof Y.ContentType) || content.type._length > 0) return true;
    if (!(content.type instanceof Y.XmlText) && item.id.client !== client) return true;
  }
  return false;
}
