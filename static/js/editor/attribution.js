/**
 * Attribution: the author of each character, by the id of its struct. Pure.
 *
 * The server answers which author wrote which id ranges. Positions come from the document itself,
 * so concurrent edits never move text to a wrong author.
 */
import { Y } from "../../vendor/yjs.js";

/**
 * An answer of `documents/{id}/authorship/clients/`.
 * @typedef {object} Answer
 * @property {number} seq the last operation that is included
 * @property {{id: number, name: string | null}[]} authors
 * @property {{client: number, first: number, end: number, author: number, received_at: string}[]} runs
 */

/** @typedef {{end: number, author: string, at: string | null}} Found `at` null: not in the log yet */

/** @typedef {{from: number, to: number, author: string, at: string | null}} Range */

/** Authors by id range. */
export class Attribution {
  /** The last operation that is included. */
  seq = 0;
  /** Names by id; null for a deleted account. @type {Map<string, string | null>} */
  names = new Map();
  /** @type {Map<number, {first: number, end: number, author: string, at: string}[]>} */
  #ranges = new Map();
  #self;
  #client;
  #sourceOf;

  /**
   * @param {{id: string, name: string}} self the person at this page
   * @param {number} client client id of this page: its ids are theirs until the server answers
   * @param {(clock: number) => import("../sync/copies.js").Source} [sourceOf] the source of an id of
   *   this page that was inserted again
   */
  constructor(self, client, sourceOf = () => ({ id: null, end: Infinity })) {
    this.#self = self.id;
    this.#client = client;
    this.#sourceOf = sourceOf;
    this.names.set(self.id, self.name);
  }

  /**
   * Add an answer of the server.
   * @param {Answer} answer
   */
  add({ seq, authors, runs }) {
    this.seq = Math.max(this.seq, seq);
    for (const { id, name } of authors) this.names.set(String(id), name);
    for (const { client, first, end, author, received_at: at } of runs) {
      const known = this.#ranges.get(client) ?? [];
      this.#ranges.set(client, known);
      const last = known.at(-1);
      if (last && last.end >= end) continue;
      known.push({
        first: last ? Math.max(first, last.end) : first,
        end,
        author: String(author),
        at,
      });
    }
  }

  /**
   * Return the author of an id and the end of its range; null if the author is not known yet.
   * @param {number} client
   * @param {number} clock
   * @returns {Found | null}
   */
  find(client, clock) {
    const runs = this.#ranges.get(client) ?? [];
    let low = 0;
    let high = runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {{end: number}} */ (runs[middle]).end > clock) high = middle;
      else low = middle + 1;
    }
    const run = runs[low];
    if (run && run.first <= clock) return run;
    return client === this.#client ? this.#findOwn(clock, run ? run.first : Infinity) : null;
  }

  /**
   * Return the author of an id of this page that the server has not answered yet.
   * @param {number} clock
   * @param {number} end the clock from which on it has answered
   * @returns {Found | null}
   */
  #findOwn(clock, end) {
    const { id, end: sourceEnd } = this.#sourceOf(clock);
    if (id === null) return { end: Math.min(end, sourceEnd), author: this.#self, at: null };
    const found = this.find(id.client, id.clock);
    if (found === null) return null;
    const upTo = Math.min(end, sourceEnd, clock + found.end - id.clock);
    return { ...found, end: upTo };
  }
}

/**
 * Return the ranges of a fragment's text in the editor, with their authors.
 *
 * Positions are ProseMirror's. `unknown` is true if the author of some text is not known.
 * @param {Y.XmlFragment} fragment
 * @param {Attribution} attribution
 * @param {(name: string) => boolean} isLeaf whether a node of this name has no content
 */
export function authorRanges(fragment, attribution, isLeaf) {
  /** @type {Range[]} */
  const ranges = [];
  let unknown = false;

  /** @param {Y.XmlText} text @param {number} start */
  const inText = (text, start) => {
    let place = start;
    for (let item = text._start; item !== null; item = item.right) {
      if (item.deleted || !item.countable) continue;
      const { client, clock } = item.id;
      for (let done = 0; done < item.length; ) {
        const found = attribution.find(client, clock + done);
        const length = found ? Math.min(found.end - clock, item.length) - done : item.length - done;
        if (found) add(place + done, length, found);
        else unknown = true;
        done += length;
      }
      place += item.length;
    }
    return place;
  };

  /** @param {number} from @param {number} length @param {Found} found */
  const add = (from, length, { author, at }) => {
    const last = ranges.at(-1);
    if (last && last.to === from && last.author === author && minute(last.at) === minute(at)) {
      last.to += length;
    } else ranges.push({ from, to: from + length, author, at });
  };

  /** @param {Y.XmlFragment} parent @param {number} start */
  const inside = (parent, start) => {
    let place = start;
    for (const child of parent.toArray()) {
      if (child instanceof Y.XmlText) place = inText(child, place);
      else if (child instanceof Y.XmlElement) {
        place = isLeaf(child.nodeName) ? place + 1 : inside(child, place + 1) + 1;
      }
    }
    return place;
  };

  inside(fragment, 0);
  return { ranges, unknown };
}

/** @param {string | null} at */
function minute(at) {
  return at === null ? null : at.slice(0, 16);
}

/**
 * Return the share of the text of every author, from 0 to 1, the largest first.
 * @param {Range[]} ranges
 */
export function shares(ranges) {
  /** @type {Map<string, number>} */
  const lengths = new Map();
  let all = 0;
  for (const { from, to, author } of ranges) {
    lengths.set(author, (lengths.get(author) ?? 0) + to - from);
    all += to - from;
  }
  return [...lengths]
    .sort(([, one], [, other]) => other - one)
    .map(([author, count]) => ({ author, part: count / all }));
}
