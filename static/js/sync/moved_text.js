/**
 * Text that a transaction inserts and that was deleted elsewhere, in the same transaction or when it
 * was cut: what a split, a join or a moved block makes of a text. Pure.
 */
import { Y } from "../../vendor/yjs.js";

/** @typedef {import("./copies.js").Copy} Copy */

/**
 * Adjacent text of one parent, by its ids; `follows`: whether other text stands before it.
 * @typedef {{parent: unknown, follows: boolean, text: string, ids: {client: number, clock: number, length: number}[]}} Part
 */

/**
 * A part, the characters of it that are not taken yet (from `taken` to `end`), and whether their copies
 * may stand in the same parent.
 * @typedef {{part: Part, taken: number, end: number, isAnywhere: boolean}} Source
 */

/** The server takes no more ranges in one operation. */
const MAX_COPIES = 32_768;
/** Pairs of texts that are compared when no two are equal; a transaction with more has no copies. */
const MAX_PAIRS = 10_000;
/** Fewer letters at the end or start of another text may have been typed. */
const MIN_LETTERS = 2;

/**
 * Return the clocks that a transaction of this page inserted: the first one, and the one behind them.
 * @param {Y.Transaction} transaction
 */
export function insertedClocks({ doc, beforeState, afterState }) {
  return [beforeState.get(doc.clientID) ?? 0, afterState.get(doc.clientID) ?? 0];
}

/**
 * Return the copies among the text that a transaction inserts, of what it deletes elsewhere, or of
 * what was cut before.
 * @param {Y.Transaction} transaction
 * @param {string | null} typed text that the transaction brings by itself; null if that is not known
 * @param {object} [moved]
 * @param {Part[]} [moved.cut]
 * @param {boolean} [moved.isMove] whether it moves what it deletes, also within one text
 */
export function matchedCopies(transaction, typed, { cut = [], isMove = false } = {}) {
  const [first = 0, end = 0] = insertedClocks(transaction);
  if (first === end || (transaction.deleteSet.clients.size === 0 && cut.length === 0)) return [];
  const inserted = insertedParts(transaction, first, end);
  if (inserted.length === 0) return [];
  const deleted = deletedParts(transaction);
  const found = matchedSources(
    inserted,
    [...asSources(deleted, isMove), ...asSources(cut, true)],
    typed,
  );
  const copies = found.flatMap((match) => match.copies);
  return copies.length > MAX_COPIES ? [] : copies;
}

/**
 * Return the copies of each inserted part, of deleted ones.
 * @param {Part[]} inserted
 * @param {Part[]} deleted
 * @param {string | null} typed
 * @returns {{part: Part, copies: Copy[]}[]}
 */
export function matchedParts(inserted, deleted, typed) {
  return matchedSources(inserted, asSources(deleted, false), typed);
}

/** @param {Part[]} parts @param {boolean} isAnywhere @returns {Source[]} */
function asSources(parts, isAnywhere) {
  return parts.map((part) => ({ part, taken: 0, end: part.text.length, isAnywhere }));
}

/**
 * Return the copies of each inserted part.
 * @param {Part[]} inserted
 * @param {Source[]} sources
 * @param {string | null} typed
 */
function matchedSources(inserted, sources, typed) {
  const matches = inserted.map((part) => ({ part, copies: /** @type {Copy[]} */ ([]) }));
  const left = matches.filter((match) => {
    const { part } = match;
    if (part.text === typed) return false;
    const equal = sources.find(
      (source) => source.taken === 0 && isElsewhere(source, part) && source.part.text === part.text,
    );
    if (equal === undefined) return true;
    equal.taken = equal.end;
    match.copies = pairs(part, 0, equal.part, 0, part.text.length);
    return false;
  });
  if (left.length * sources.length <= MAX_PAIRS) {
    for (const match of left) match.copies = tiles(match.part, sources, typed);
  }
  return matches;
}

/**
 * @param {Source} source
 * @param {Part} part
 */
function isElsewhere({ part: { parent }, isAnywhere }, part) {
  return isAnywhere || parent !== part.parent;
}

/**
 * Return the copies of one inserted text that several deleted ones make up, whole or by their starts
 * and ends. What follows other text is sought from its end first: it is what a deletion has left.
 * @param {Part} part
 * @param {Source[]} sources
 * @param {string | null} typed
 * @returns {Copy[]}
 */
function tiles(part, sources, typed) {
  const elsewhere = sources.filter((source) => isElsewhere(source, part));
  const minLetters = typed === "" ? 1 : MIN_LETTERS;
  const range = {
    at: typed !== null && part.text.startsWith(typed) ? typed.length : 0,
    end: part.text.length,
  };
  const ways = [fromStart, fromEnd];
  if (part.follows) ways.reverse();
  return ways.flatMap((way) => way(part, range, elsewhere, minLetters));
}

/** What of a part has no source yet. @typedef {{at: number, end: number}} Open */

/**
 * Return the copies of the start of a text, of whole texts, or of starts that are all of it.
 * @param {Part} part
 * @param {Open} open
 * @param {Source[]} sources
 * @param {number} minLetters
 */
function fromStart(part, open, sources, minLetters) {
  /** @type {Copy[]} */
  const copies = [];
  while (open.at < open.end) {
    const rest = part.text.slice(open.at, open.end);
    const [best, length] = longest(sources, (text) => {
      const common = commonStart(rest, text);
      const isWhole = common === text.length || (common === rest.length && common >= minLetters);
      return isWhole ? common : 0;
    });
    if (best === null) break;
    copies.push(...pairs(part, open.at, best.part, best.taken, length));
    best.taken += length;
    open.at += length;
  }
  return copies;
}

/**
 * Return the copies of the end of a text, of the ends of others.
 * @param {Part} part
 * @param {Open} open
 * @param {Source[]} sources
 * @param {number} minLetters
 */
function fromEnd(part, open, sources, minLetters) {
  /** @type {Copy[]} */
  const copies = [];
  while (open.at < open.end) {
    const rest = part.text.slice(open.at, open.end);
    const [best, length] = longest(sources, (text) => {
      const common = commonEnd(rest, text);
      return common >= minLetters ? common : 0;
    });
    if (best === null) break;
    best.end -= length;
    open.end -= length;
    copies.push(...pairs(part, open.end, best.part, best.end, length));
  }
  return copies;
}

/**
 * Return the source of which most letters are found, and their number.
 * @param {Source[]} sources
 * @param {(text: string) => number} count counts them in what is not taken of a source
 * @returns {[Source | null, number]}
 */
function longest(sources, count) {
  /** @type {[Source | null, number]} */
  let best = [null, 0];
  for (const source of sources) {
    const text = source.part.text.slice(source.taken, source.end);
    const found = text === "" ? 0 : count(text);
    if (found > best[1]) best = [source, found];
  }
  return best;
}

/** @param {string} one @param {string} other */
function commonStart(one, other) {
  let count = 0;
  while (count < one.length && count < other.length && one[count] === other[count]) count += 1;
  return count;
}

/** @param {string} one @param {string} other */
function commonEnd(one, other) {
  let count = 0;
  while (
    count < one.length &&
    count < other.length &&
    one.at(-1 - count) === other.at(-1 - count)
  ) {
    count += 1;
  }
  return count;
}

/**
 * Return the text that a transaction deleted, in the order of the document.
 * @param {Y.Transaction} transaction
 */
export function deletedParts({ deleteSet, beforeState, doc }) {
  /** @type {Set<Y.AbstractType<any>>} */
  const parents = new Set();
  for (const [client, ranges] of deleteSet.clients) {
    const structs = doc.store.clients.get(client) ?? [];
    for (const { clock, len } of ranges) {
      for (let at = Y.findIndexSS(structs, clock); at < structs.length; at += 1) {
        const struct = structs[at];
        if (struct === undefined || struct.id.clock >= clock + len) break;
        if (isText(struct)) parents.add(struct.parent);
      }
    }
  }
  const wasThere = (/** @type {Y.Item} */ { id }) => id.clock < (beforeState.get(id.client) ?? 0);
  return partsOf(
    parents,
    (item) => wasThere(item) && Y.isDeleted(deleteSet, item.id),
    (item) => wasThere(item) && !item.deleted,
  );
}

/**
 * Return the text that this page inserted in a transaction, in the order of the document.
 * @param {Y.Transaction} transaction
 * @param {number} first
 * @param {number} end
 */
function insertedParts({ doc }, first, end) {
  const { clientID, store } = doc;
  const structs = store.clients.get(clientID) ?? [];
  /** @type {Set<Y.AbstractType<any>>} */
  const parents = new Set();
  for (let at = Y.findIndexSS(structs, first); at < structs.length; at += 1) {
    const struct = structs[at];
    if (isText(struct) && !struct.deleted) parents.add(struct.parent);
  }
  const isNew = (/** @type {Y.Item} */ { id, deleted }) =>
    !deleted && id.client === clientID && first <= id.clock && id.clock < end;
  return partsOf(parents, isNew, (item) => !item.deleted);
}

/**
 * @param {unknown} struct
 * @returns {struct is Y.Item & {parent: Y.AbstractType<any>, content: Y.ContentString}}
 */
export function isText(struct) {
  return (
    struct instanceof Y.Item &&
    struct.content instanceof Y.ContentString &&
    struct.parent instanceof Y.AbstractType
  );
}

/**
 * Return the parts of some texts: items that belong to one, without an item in between that ends it.
 * @param {Set<Y.AbstractType<any>>} parents
 * @param {(item: Y.Item) => boolean} belongs
 * @param {(item: Y.Item) => boolean} ends
 */
export function partsOf(parents, belongs, ends) {
  /** @type {Part[]} */
  const parts = [];
  for (const parent of inOrder(parents)) {
    /** @type {Part | null} */
    let part = null;
    let follows = false;
    for (let item = parent._start; item !== null; item = item.right) {
      if (!item.countable) continue;
      if (isText(item) && belongs(item)) {
        if (part === null) {
          part = { parent, follows, text: "", ids: [] };
          parts.push(part);
        }
        part.text += item.content.str;
        part.ids.push({ ...item.id, length: item.length });
      } else if (ends(item)) {
        part = null;
        follows = true;
      }
    }
  }
  return parts;
}

/**
 * Return types in the order of the document.
 * @param {Set<Y.AbstractType<any>>} types
 * @returns {Y.AbstractType<any>[]}
 */
export function inOrder(types) {
  const [first] = types;
  if (types.size < 2 || first === undefined) return [...types];
  let root = first;
  while (root._item !== null) root = /** @type {Y.AbstractType<any>} */ (root._item.parent);
  /** @type {Y.AbstractType<any>[]} */
  const found = [];
  const walk = (/** @type {Y.AbstractType<any>} */ type) => {
    if (types.has(type)) found.push(type);
    for (let item = type._start; item !== null; item = item.right) {
      if (item.content instanceof Y.ContentType) walk(item.content.type);
    }
  };
  walk(root);
  return [...found, ...[...types].filter((type) => !found.includes(type))];
}

/**
 * Return the copies of `length` characters of one part, from those of another one.
 * @param {Part} part
 * @param {number} at
 * @param {Part} source
 * @param {number} from
 * @param {number} length
 */
function pairs(part, at, source, from, length) {
  /** @type {Copy[]} */
  const copies = [];
  const own = idAt(part, at);
  const other = idAt(source, from);
  for (let done = 0; done < length; ) {
    const [to, of] = [own(done), other(done)];
    const count = Math.min(to.left, of.left, length - done);
    copies.push([to.client, to.clock, count, of.client, of.clock]);
    done += count;
  }
  return copies;
}

/**
 * Return what finds the id of a character behind an offset, and how many follow it; the offsets rise.
 * @param {Part} part
 * @param {number} offset
 */
function idAt({ ids }, offset) {
  let at = 0;
  let start = 0;
  return (/** @type {number} */ done) => {
    let range = ids[at];
    while (range && start + range.length <= offset + done) {
      start += range.length;
      at += 1;
      range = ids[at];
    }
    const { client, clock, length } = range ?? { client: 0, clock: 0, length: Infinity };
    const inside = offset + done - start;
    return { client, clock: clock + inside, left: length - inside };
  };
}
