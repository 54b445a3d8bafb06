/**
 * A document at any moment, played from its log in the browser.
 *
 * The log comes in chunks; the server gives the state before each one, and each fifth of it is
 * kept as a state on the way. A step forward applies what came; a step back begins at the nearest
 * state before. What is kept is bounded, and no work holds the page for long.
 */
import { Y } from "../../vendor/yjs.js";
import { ByteCache } from "../lib/byte_cache.js";
import { LogSegment } from "./log_stream.js";

/** Operations of a chunk: one call of the server as a rule. */
export const CHUNK_OPERATIONS = 1_000;
/** A state is kept after so many operations. Divides a chunk. */
const KEEP_EVERY = 200;
/** The work of one turn, before the page may draw and hear of keys. */
const TURN_MS = 8;
/** What the memory may hold of the log, and of states on the way. */
const LOG_BYTES = 24 * 1024 * 1024;
const STATE_BYTES = 32 * 1024 * 1024;
/** Chunks that are fetched before anybody asks, the nearest ones. */
const AHEAD = 12;
/** States of this length or less are made on the way: all of what is near finds room. */
const SMALL_STATE_BYTES = STATE_BYTES / ((AHEAD * CHUNK_OPERATIONS) / KEEP_EVERY);

/** What the replay needs of `Api`. @typedef {{bytes: (path: string) => Promise<Uint8Array>}} Source */
/** @typedef {{bytes: Uint8Array, size: number}} State */

/** Another moment was asked for meanwhile. */
export class SupersededError extends Error {}

/** Plays one document; `progress` events say how much of what is near is here. */
export class Replay extends EventTarget {
  #api;
  #path;
  #head;
  #start;
  /** Parts of the log by their chunk's number. @type {ByteCache<Chunk>} */
  #chunks = new ByteCache(LOG_BYTES);
  /** States by the number of the last operation in them. @type {ByteCache<State>} */
  #states = new ByteCache(STATE_BYTES);
  /** What is under way. @type {Map<number, Promise<Chunk>>} */
  #loading = new Map();
  #doc = new Y.Doc();
  /** The last operation in the document. */
  #seq = 0;
  #asked = 0;
  #closed = false;

  /**
   * @param {Source} api
   * @param {string} path of the document, with a slash at its end
   * @param {number} head the last operation
   * @param {number} [start] the last operation of before the log, where that is compacted
   */
  constructor(api, path, head, start = 0) {
    super();
    this.#api = api;
    this.#path = path;
    this.#head = head;
    this.#start = start;
  }

  get head() {
    return this.#head;
  }

  /** Bytes that are kept; a test holds them against the bounds. */
  get size() {
    return this.#chunks.size + this.#states.size;
  }

  /**
   * The document has grown.
   * @param {number} head
   */
  grow(head) {
    this.#head = Math.max(this.#head, head);
  }

  close() {
    this.#closed = true;
    this.#asked += 1;
  }

  /**
   * Tell whether a moment can be shown without the server.
   * @param {number} seq
   */
  has(seq) {
    return seq === this.#seq || seq === 0 || this.#reach(seq) !== null;
  }

  /**
   * Return who made an operation, and when; null where the log is not here.
   * @param {number} seq
   */
  mark(seq) {
    return this.#chunks.get(chunkOf(seq))?.part(seq)?.mark(seq) ?? null;
  }

  /**
   * Return the document after an operation, not before the log's start. It is the same one each time where that is cheaper, so
   * it is good until the next call. Throws `SupersededError` where there was one meanwhile.
   * @param {number} seq
   * @returns {Promise<Y.Doc>}
   */
  async at(seq) {
    const asked = ++this.#asked;
    if (seq === this.#seq) return this.#doc;
    if (!this.has(seq)) await this.#load(chunkOf(Math.max(seq, this.#start + 1)));
    this.#check(asked);
    const from = this.#reach(seq);
    if (seq > 0 && from === null) throw new Error("This moment cannot be played. Try again.");
    if (seq === 0 || from !== this.#seq) this.#renew(from ?? 0);
    while (this.#seq < seq) {
      this.#advance(seq);
      if (this.#seq < seq) await turn();
      this.#check(asked);
    }
    return this.#doc;
  }

  /**
   * Fetch what is near a moment, the nearest first, until all of it is here or kept.
   * @param {() => number} near where the reader is: looked at before each call
   */
  async prefetch(near) {
    /** What did not stay once, for want of room, is not fetched again and again. @type {Set<number>} */
    const tried = new Set();
    for (;;) {
      const next = this.#missing(near(), tried);
      if (next === undefined) return;
      tried.add(next);
      await this.#load(next);
      await this.#keepStates(next);
      if (this.#closed) return;
      this.dispatchEvent(new Event("progress"));
    }
  }

  /** How much of what is near a moment is here, from 0 to 1. @param {number} seq */
  share(seq) {
    const wanted = this.#near(seq);
    return wanted.filter((each) => this.#isWhole(each)).length / Math.max(wanted.length, 1);
  }

  // --- the document ----------------------------------------------------------------------------

  /** @param {number} asked */
  #check(asked) {
    if (asked !== this.#asked) throw new SupersededError("another moment is wanted");
  }

  /**
   * Return the moment to begin at on the way to `seq`: the document's own, or a kept state's; null
   * when the log between is not all here.
   * @param {number} seq
   */
  #reach(seq) {
    if (seq <= this.#start) return seq > 0 && this.#states.has(seq) ? seq : null;
    const chunk = this.#chunks.get(chunkOf(seq));
    if (!chunk || chunk.last < seq) return null;
    const kept = this.#keptBefore(seq, chunk);
    const isOnTheWay = this.#seq <= seq && this.#seq >= chunk.first - 1;
    if (isOnTheWay && this.#seq >= (kept ?? 0)) return this.#seq;
    return kept;
  }

  /**
   * @param {number} seq
   * @param {Chunk} chunk
   */
  #keptBefore(seq, chunk) {
    for (let each = seq - (seq % KEEP_EVERY); each >= chunk.first - 1; each -= KEEP_EVERY) {
      if (each === 0 || this.#states.has(each)) return each;
    }
    const before = chunk.first - 1;
    return this.#states.has(before) ? before : null;
  }

  /**
   * Begin anew at a kept state.
   * @param {number} seq 0 for the empty document
   */
  #renew(seq) {
    const state = this.#states.get(seq);
    this.#doc.destroy();
    this.#doc = new Y.Doc();
    if (state) Y.applyUpdate(this.#doc, state.bytes);
    this.#seq = seq;
  }

  /**
   * Apply operations up to `seq`, for one turn.
   * @param {number} seq
   */
  #advance(seq) {
    const until = performance.now() + TURN_MS;
    // One transaction for all: tidying up after each costs as much as the operation.
    this.#doc.transact(() => {
      do {
        const next = this.#seq + 1;
        const update = this.#chunks.get(chunkOf(next))?.part(next)?.update(next);
        if (!update) throw new Error("A part of the log is not here any more. Try again.");
        if (update.length > 0) Y.applyUpdate(this.#doc, update);
        this.#seq = next;
      } while (this.#seq < seq && this.#seq % KEEP_EVERY !== 0 && performance.now() < until);
    });
    this.#keep();
  }

  /** Keep the document as a state, where one is kept. */
  #keep() {
    if (this.#seq % KEEP_EVERY !== 0 || this.#states.has(this.#seq)) return;
    this.#states.set(this.#seq, stateOf(Y.encodeStateAsUpdate(this.#doc)));
  }

  // --- the log ---------------------------------------------------------------------------------

  /**
   * Fetch what is missing of a chunk and the state before it.
   * @param {number} number
   * @returns {Promise<Chunk>}
   */
  #load(number) {
    const loading = this.#loading.get(number);
    if (loading) return loading;
    const promise = this.#fetch(number).finally(() => this.#loading.delete(number));
    this.#loading.set(number, promise);
    return promise;
  }

  /** @param {number} number */
  async #fetch(number) {
    const before = this.#before(number);
    const state = this.#fetchState(before);
    const chunk = this.#chunks.get(number) ?? new Chunk(before);
    const end = (number + 1) * CHUNK_OPERATIONS;
    const [kept] = await Promise.all([state, this.#fetchLog(chunk, end)]);
    if (kept) this.#states.set(before, kept);
    this.#chunks.set(number, chunk);
    return chunk;
  }

  /** @param {number} seq */
  async #fetchState(seq) {
    if (seq === 0 || this.#states.has(seq)) return null;
    return stateOf(await this.#api.bytes(`${this.#path}at/${seq}/state/`));
  }

  /**
   * @param {Chunk} chunk
   * @param {number} end
   */
  async #fetchLog(chunk, end) {
    while (chunk.last < Math.min(end, this.#head)) {
      const after = chunk.last;
      const query = `?after=${after}&limit=${end - after}`;
      const bytes = await this.#api.bytes(`${this.#path}operations/stream/${query}`);
      const part = new LogSegment(bytes, after);
      if (part.last === after) throw new Error("The server's log is shorter than it said.");
      chunk.add(part);
    }
  }

  /**
   * Keep the states of a chunk that is here, by a document of its own.
   * @param {number} number
   */
  async #keepStates(number) {
    const chunk = this.#chunks.get(number);
    const before = this.#before(number);
    const state = this.#states.get(before);
    if (!chunk || (state?.size ?? 0) > SMALL_STATE_BYTES) return;
    const doc = new Y.Doc();
    if (state) Y.applyUpdate(doc, state.bytes);
    let until = performance.now() + TURN_MS;
    for (let seq = before + 1; seq <= chunk.last && !this.#closed; seq += 1) {
      const update = chunk.part(seq)?.update(seq);
      if (update?.length) Y.applyUpdate(doc, update);
      if (seq % KEEP_EVERY === 0 && !this.#states.has(seq)) {
        this.#states.set(seq, stateOf(Y.encodeStateAsUpdate(doc)));
      }
      if (performance.now() < until) continue;
      await turn();
      until = performance.now() + TURN_MS;
    }
    doc.destroy();
  }

  /** The operation before a chunk. @param {number} number */
  #before(number) {
    return Math.max(number * CHUNK_OPERATIONS, this.#start);
  }

  /** @param {number} number */
  #isWhole(number) {
    const chunk = this.#chunks.get(number);
    const before = this.#before(number);
    const isStateHere = before === 0 || this.#states.has(before);
    return isStateHere && chunk?.last === Math.min((number + 1) * CHUNK_OPERATIONS, this.#head);
  }

  /**
   * The chunks around a moment, the nearest first.
   * @param {number} seq
   */
  #near(seq) {
    const here = chunkOf(seq);
    const first = chunkOf(this.#start + 1);
    const count = chunkOf(this.#head) + 1 - first;
    const all = Array.from({ length: Math.max(count, 0) }, (_, number) => first + number);
    return all.sort((a, b) => Math.abs(a - here) - Math.abs(b - here)).slice(0, AHEAD);
  }

  /**
   * @param {number} seq
   * @param {Set<number>} tried
   */
  #missing(seq, tried) {
    if (this.#head === 0 || this.#closed) return undefined;
    return this.#near(seq).find((each) => !tried.has(each) && !this.#isWhole(each));
  }
}

/** Some operations of the log in the parts in which they came. */
class Chunk {
  /** @type {LogSegment[]} */
  #parts = [];
  size = 0;

  /** @param {number} before the operation before the first one */
  constructor(before) {
    this.first = before + 1;
    this.last = before;
  }

  /** @param {LogSegment} part the next one */
  add(part) {
    this.#parts.push(part);
    this.size += part.size;
    this.last = part.last;
  }

  /** @param {number} seq */
  part(seq) {
    return this.#parts.find((each) => each.first <= seq && seq <= each.last);
  }
}

/** @param {number} seq */
function chunkOf(seq) {
  return Math.max(0, Math.floor((seq - 1) / CHUNK_OPERATIONS));
}

/** @param {Uint8Array} bytes */
function stateOf(bytes) {
  return { bytes, size: bytes.length };
}

/** Let the page draw and hear of keys. */
function turn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => {
      port2.close();
      resolve(undefined);
    };
    port1.postMessage(null);
  });
}
