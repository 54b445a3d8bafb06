/**
 * Move conflicts: what two edits at one time did to text that at least one of them moved. A split, a
 * join or a changed kind of block deletes text and inserts it again (`copies.js`), and Yjs merges both:
 * text that both moved stands twice, text that one typed behind what the other moved stays where that
 * was, and text that one erased comes back with the move of the other. Pure.
 *
 * The page has the copy map of its own edits. Those of an update that it merges are sought by
 * comparing what the update deletes with what it inserts. An edit of the page counts as made at the same
 * time while it is not in the log, and for some seconds after.
 */
import { Y } from "../../vendor/yjs.js";
import { inOrder, isText, matchedParts, partsOf } from "./moved_text.js";
import { intersected, isWithin, textOf, textsWith, without } from "./standing_text.js";

/** @typedef {import("./copies.js").Copy} Copy */
/** @typedef {import("./moved_text.js").Part} Part */
/** @typedef {import("./standing_text.js").IdRange} IdRange */
/** @typedef {import("./standing_text.js").Ranges} Ranges */

/** The same characters twice; `isWhole`: all that the other edit inserted there was moved. @typedef {{own: IdRange, other: IdRange, isWhole: boolean}} Doubled */

/** Text, and the character behind which it was typed. @typedef {{ids: IdRange[], after: {client: number, clock: number}}} Misplaced */

/**
 * @typedef {object} MoveConflicts
 * @property {Doubled[]} doubled
 * @property {Misplaced[]} misplaced
 * @property {IdRange[]} returned characters that stand again although one of the edits erased them
 * @property {number[]} clients of the other edits
 */

/** With more copies in an edit, nothing is found: a split makes a few. */
const MAX_COPIES = 1_000;
/** Texts of an update that are compared with its copies; with more, nothing is found. */
const MAX_TEXTS = 1_000;
/** Deleted text that is passed to find what a text was typed behind. */
const MAX_STEPS = 10_000;

/**
 * Return the move conflicts between edits of this page and an update that a transaction merges; null
 * without any.
 * @param {Y.Transaction} transaction
 * @param {Uint8Array} update
 * @param {import("./local_changes.js").Unseen} unseen edits that its maker may not have seen
 * @returns {MoveConflicts | null}
 */
export function moveConflicts(transaction, update, unseen) {
  const { doc } = transaction;
  if (unseen.updates.length === 0 || unseen.copies.length > MAX_COPIES) return null;
  const own = withSources(unseen.copies);
  const clients = insertingClients(transaction);
  const { ds } = Y.decodeUpdate(update);
  if (own.length === 0 && (clients.length === 0 || ds.clients.size === 0)) return null;
  const contested = contestedRanges(ds, unseen.updates);
  const inserted = insertedParts(transaction, clients);
  const sources = deletedParts(transaction, contested, own);
  const matches = matchedParts(inserted, sources, null);
  const other = matches.flatMap((match) => match.copies);
  if (inserted.length > MAX_TEXTS || other.length > MAX_COPIES) return null;
  const found = {
    doubled: doubledText(own, matches),
    misplaced: [
      ...misplacedText(doc, withoutCopies(inserted, other), own),
      ...misplacedText(doc, withoutCopies(ownParts(doc, unseen.updates), own), other),
    ],
    returned: [
      ...returnedText(doc, own, contested, other, inserted),
      ...returnedText(doc, other, contested, own, []),
    ],
    clients,
  };
  const { doubled, misplaced, returned } = found;
  return doubled.length + misplaced.length + returned.length > 0 ? found : null;
}

/**
 * Return copies, in the order in which they were made, with those of the sources of their sources.
 * @param {Copy[]} copies
 */
function withSources(copies) {
  /** @type {Copy[]} */
  const found = [];
  for (const copy of copies) {
    const [client, first, length, source, sourceFirst] = copy;
    const list = [{ clock: sourceFirst, len: length }];
    /** @type {Copy[]} */
    const indirect = [];
    for (const [before, beforeFirst, count, origin, originFirst] of found) {
      if (before !== source || found.length > MAX_COPIES) continue;
      for (const { clock, len } of intersected(list, [{ clock: beforeFirst, len: count }])) {
        const from = first + clock - sourceFirst;
        indirect.push([client, from, len, origin, originFirst + clock - beforeFirst]);
      }
    }
    found.push(copy, ...indirect);
  }
  return found;
}

/** Return the clients with new ids. @param {Y.Transaction} transaction */
function insertingClients({ beforeState, afterState }) {
  return [...afterState]
    .filter(([client, clock]) => clock > (beforeState.get(client) ?? 0))
    .map(([client]) => client);
}

/**
 * Return what both an update and edits of this page delete.
 * @param {ReturnType<typeof Y.decodeUpdate>["ds"]} deleteSet of the update
 * @param {Uint8Array[]} ownUpdates
 */
function contestedRanges(deleteSet, ownUpdates) {
  /** @type {Ranges} */
  const found = new Map();
  const own = Y.mergeDeleteSets(ownUpdates.map((one) => Y.decodeUpdate(one).ds));
  if (own.clients.size === 0) return found;
  const other = Y.mergeDeleteSets([deleteSet]);
  for (const [client, ranges] of own.clients) {
    const both = intersected(ranges, other.clients.get(client) ?? []);
    if (both.length > 0) found.set(client, both);
  }
  return found;
}

/**
 * Return the text that a transaction inserted.
 * @param {Y.Transaction} transaction
 * @param {number[]} clients
 */
function insertedParts({ doc, beforeState }, clients) {
  const first = (/** @type {number} */ client) => beforeState.get(client) ?? 0;
  const ranges = new Map(
    clients.map((client) => [client, [{ clock: first(client), len: Infinity }]]),
  );
  const isNew = (/** @type {Y.Item} */ { id, deleted }) =>
    !deleted && clients.includes(id.client) && id.clock >= first(id.client);
  return partsOf(textsWith(doc, ranges), isNew, isStanding);
}

/**
 * Return the standing text of this page's own edits.
 * @param {Y.Doc} doc
 * @param {Uint8Array[]} updates
 */
function ownParts(doc, updates) {
  /** @type {Ranges} */
  const ranges = new Map();
  for (const update of updates) {
    const { from, to } = Y.parseUpdateMeta(update);
    for (const [client, end] of to) {
      const clock = from.get(client) ?? 0;
      ranges.set(client, [...(ranges.get(client) ?? []), { clock, len: end - clock }]);
    }
  }
  const isOwn = (/** @type {Y.Item} */ { id, deleted }) =>
    !deleted && isWithin(ranges, id.client, id.clock);
  return partsOf(textsWith(doc, ranges), isOwn, isStanding);
}

/** @param {Y.Item} item */
function isStanding({ deleted }) {
  return !deleted;
}

/**
 * Return the text that a transaction deleted or found deleted (`contested`). What Yjs has collected of
 * it is read from the page's own copies.
 * @param {Y.Transaction} transaction
 * @param {Ranges} contested
 * @param {Copy[]} own
 */
function deletedParts({ doc, deleteSet, beforeState }, contested, own) {
  /** @type {Ranges} */
  const ranges = new Map(contested);
  for (const [client, list] of deleteSet.clients) {
    ranges.set(client, [...(ranges.get(client) ?? []), ...list]);
  }
  /** @type {Part[]} */
  const parts = [];
  for (const parent of inOrder(textsWith(doc, ranges))) {
    /** @type {Part | null} */
    let part = null;
    for (let item = parent._start; item !== null; item = item.right) {
      const { client, clock } = item.id;
      if (!item.countable || clock >= (beforeState.get(client) ?? 0)) continue;
      if (!item.deleted) part = null;
      if (!item.deleted || !isText(item)) continue;
      const mine = { clock, len: item.length };
      const list = (ranges.get(client) ?? []).flatMap((range) => intersected([range], [mine]));
      for (const range of list.sort((one, next) => one.clock - next.clock)) {
        if (part === null) {
          part = { parent, follows: false, text: "", ids: [] };
          parts.push(part);
        }
        const from = range.clock - clock;
        part.text += item.content.str.slice(from, from + range.len);
        part.ids.push({ client, clock: range.clock, length: range.len });
      }
    }
  }
  return [...parts, ...collectedParts(doc, contested, own)];
}

/**
 * Return the contested text that Yjs has collected, by what the page's own copies of it contain.
 * @param {Y.Doc} doc
 * @param {Ranges} contested
 * @param {Copy[]} own
 */
function collectedParts(doc, contested, own) {
  /** @type {Part[]} */
  const parts = [];
  let end = -1;
  for (const [client, first, length, source, sourceFirst] of own) {
    if (isText(Y.getItem(doc.store, Y.createID(source, sourceFirst)))) continue;
    const list = [{ clock: sourceFirst, len: length }];
    for (const { clock, len } of intersected(list, contested.get(source) ?? [])) {
      const from = first + clock - sourceFirst;
      const text = textOf(doc, { client, clock: from, length: len });
      if (text === null) continue;
      const last = parts.at(-1);
      const part =
        last && from === end ? last : { parent: null, follows: false, text: "", ids: [] };
      if (part !== last) parts.push(part);
      part.text += text;
      part.ids.push({ client: source, clock, length: len });
      end = from + len;
    }
  }
  return parts;
}

/**
 * Return the text that both moved.
 * @param {Copy[]} own
 * @param {{part: Part, copies: Copy[]}[]} matches
 */
function doubledText(own, matches) {
  /** @type {Doubled[]} */
  const found = [];
  for (const { part, copies } of matches) {
    const isWhole = copies.reduce((sum, copy) => sum + copy[2], 0) === part.text.length;
    for (const [client, first, length, source, sourceFirst] of copies) {
      const list = [{ clock: sourceFirst, len: length }];
      for (const [ownClient, ownFirst, ownLength, ownSource, ownSourceFirst] of own) {
        if (ownSource !== source) continue;
        for (const { clock, len } of intersected(list, [
          { clock: ownSourceFirst, len: ownLength },
        ])) {
          found.push({
            own: { client: ownClient, clock: ownFirst + clock - ownSourceFirst, length: len },
            other: { client, clock: first + clock - sourceFirst, length: len },
            isWhole,
          });
        }
      }
    }
  }
  return found;
}

/**
 * Return what of `copies` stands although the other edit erased it: it deleted the source and does not
 * insert it again, as far as can be known.
 * @param {Y.Doc} doc
 * @param {Copy[]} copies
 * @param {Ranges} contested
 * @param {Copy[]} others copies of the other edit
 * @param {Part[]} inserted text of the other edit
 */
function returnedText(doc, copies, contested, others, inserted) {
  /** @type {IdRange[]} */
  const found = [];
  for (const [client, first, length, source, sourceFirst] of copies) {
    const both = intersected(
      [{ clock: sourceFirst, len: length }],
      contested.get(source) ?? [],
    ).flatMap((range) => without(range, source, others));
    for (const { clock, len } of both) {
      const range = { client, clock: first + clock - sourceFirst, length: len };
      const text = textOf(doc, range);
      if (text !== null && !inserted.some((part) => part.text.includes(text))) found.push(range);
    }
  }
  return found;
}

/**
 * Return the parts without those that have copies.
 * @param {Part[]} parts
 * @param {Copy[]} copies
 */
function withoutCopies(parts, copies) {
  const isCopy = (/** @type {IdRange} */ { client, clock, length }) =>
    copies.some(
      ([one, first, count]) => one === client && first < clock + length && clock < first + count,
    );
  return parts.filter(({ ids }) => !ids.some(isCopy));
}

/**
 * Return the parts that were typed behind what `copies` moved away, or in front of which they moved
 * text from elsewhere.
 * @param {Y.Doc} doc
 * @param {Part[]} parts
 * @param {Copy[]} copies
 */
function misplacedText(doc, parts, copies) {
  /** @type {Misplaced[]} */
  const found = [];
  if (copies.length === 0) return found;
  for (const { ids } of parts) {
    const [first] = ids;
    const item = first && Y.getItem(doc.store, Y.createID(first.client, first.clock));
    const after = item instanceof Y.Item ? placeOf(doc, item, copies) : null;
    if (after !== null) found.push({ ids, after });
  }
  return found;
}

/**
 * Return the character behind which an item belongs; null if it stands there.
 * @param {Y.Doc} doc
 * @param {Y.Item} item
 * @param {Copy[]} copies
 */
function placeOf(doc, item, copies) {
  let origin = item.origin;
  for (let step = 0; origin !== null && step < MAX_STEPS; step += 1) {
    const { client, clock } = origin;
    const copy = copies.find(
      ([, , length, source, first]) =>
        source === client && first <= clock && clock < first + length,
    );
    if (copy) {
      const after = { client: copy[0], clock: copy[1] + clock - copy[4] };
      return textOf(doc, { ...after, length: 1 }) === null ? null : after;
    }
    const struct = Y.getItem(doc.store, origin);
    if (!(struct instanceof Y.Item)) return null;
    if (!struct.deleted) return isCopyBetween(origin, item, copies) ? origin : null;
    origin = clock > struct.id.clock ? Y.createID(client, clock - 1) : struct.origin;
  }
  return null;
}

/**
 * Return whether moved text stands between a character and an item that was typed behind it.
 * @param {Y.ID} origin
 * @param {Y.Item} item
 * @param {Copy[]} copies
 */
function isCopyBetween(origin, item, copies) {
  for (let left = item.left; left !== null; left = left.left) {
    const { client, clock } = left.id;
    if (client === origin.client && clock <= origin.clock && origin.clock < clock + left.length) {
      return false;
    }
    if (left.deleted) continue;
    if (
      copies.some(
        ([one, first, count]) => one === client && first <= clock && clock < first + count,
      )
    ) {
      return true;
    }
  }
  return false;
}
