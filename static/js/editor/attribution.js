/**
 * Whose the letters of a document are, by the clocks of their structs. Pure.
 *
 * The server says which person's connection brought which clocks; where they stand is the
 * document's to say, so what others write meanwhile moves nothing to a wrong name.
 */
import { Y } from "../../vendor/yjs.js";

/**
 * What the server answers: `documents/{id}/authorship/clients/`.
 * @typedef {object} Answer
 * @property {number} seq the last operation that is taken in
 * @property {{id: number, name: string | null}[]} authors
 * @property {{client: number, first: number, end: number, author: number, received_at: string}[]} runs
 */

/** @typedef {{end: number, author: string, at: string | null}} Found `at` null: just now */

/** @typedef {{from: number, to: number, author: string, at: string | null}} Range */

/** Who brought which clocks. */
export class Attribution {
  /** The last operation that is known. */
  seq = 0;
  /** Names by id; null: no account any more. @type {Map<string, string | null>} */
  names = new Map();
  /** @type {Map<number, {first: number, end: number, author: string, at: string}[]>} */
  #runs = new Map();
  #self;
  #client;

  /**
   * @param {{id: string, name: string}} self who looks
   * @param {number} client whose clocks are theirs before the server says so
   */
  constructor(self, client) {
    this.#self = self.id;
    this.#client = client;
    this.names.set(self.id, self.name);
  }

  /**
   * Take in what came after what is known.
   * @param {Answer} answer
   */
  take({ seq, authors, runs }) {
    this.seq = Math.max(this.seq, seq);
    for (const { id, name } of authors) this.names.set(String(id), name);
    for (const { client, first, end, author, received_at: at } of runs) {
      const known = this.#runs.get(client) ?? [];
      this.#runs.set(client, known);
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
   * Return whose a clock is, and up to which clock; null when it is not known (yet).
   * @param {number} client
   * @param {number} clock
   * @returns {Found | null}
   */
  find(client, clock) {
    const runs = this.#runs.get(client) ?? [];
    let low = 0;
    let high = runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {{end: number}} */ (runs[middle]).end > clock) high = middle;
      else low = middle + 1;
    }
    const run = runs[low];
    if (run && run.first <= clock) return run;
    if (client !== this.#client) return null;
    return { end: run ? run.first : Infinity, author: this.#self, at: null };
  }
}

/**
 * Return where the letters of a fragment stand in the editor and whose they are.
 *
 * Positions are ProseMirror's. `unknown` tells whether there are letters of nobody known.
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
 * Return how much of the text is whose, the most first: of each its part of all letters, 0 to 1.
 * @param {Range[]} ranges
 */
export function shares(ranges) {
  /** @type {Map<string, number>} */
  const letters = new Map();
  let all = 0;
  for (const { from, to, author } of ranges) {
    letters.set(author, (letters.get(author) ?? 0) + to - from);
    all += to - from;
  }
  return [...letters]
    .sort(([, one], [, other]) => other - one)
    .map(([author, count]) => ({ author, part: count / all }));
}
