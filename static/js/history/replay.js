/**
 * Replays the log in the browser: the state of a document at any seq.
 *
 * The log is loaded in chunks, with the server's state before every chunk; states in between are
 * cached. A step forward applies operations, a step back begins at the nearest cached state. The
 * caches are bounded in bytes, and no work blocks the page for long.
 */
import { Y } from "../../vendor/yjs.js";
import { ByteCache } from "../lib/byte_cache.js";
import { LogSegment } from "./log_stream.js";

/** Operations of a chunk, which is one call as a rule. */
export const CHUNK_OPERATIONS = 1_000;
/** A state is cached after so many operations. Divides the size of a chunk. */
const STATE_INTERVAL = 200;
/** The longest work before the page may draw and handle events. */
const MAX_TURN_MS = 8;
/** Bounds of the caches of log chunks and of states. */
const LOG_CACHE_BYTES = 24 * 1024 * 1024;
const STATE_CACHE_BYTES = 32 * 1024 * 1024;
/** Chunks that are prefetched, the nearest ones. */
const PREFETCHED_CHUNKS = 12;
/** States up to this size are cached while prefetching: those of all prefetched chunks fit. */
const SMALL_STATE_BYTES =
  STATE_CACHE_BYTES / ((PREFETCHED_CHUNKS * CHUNK_OPERATIONS) / STATE_INTERVAL);

/** The part of `Api` that the replay uses. @typedef {{bytes: (path: string) => Promise<Uint8Array>}} Source */
/** @typedef {{bytes: Uint8Array, size: number}} State */

/** Another state was requested meanwhile. */
export class SupersededError extends Error {}

/** Replays one document. Dispatches `progress` when another chunk is loaded. */
export class Replay extends EventTarget {
  #api;
  #path;
  #head;
  #start;
  /** Chunks of the log by their number. @type {ByteCache<Chunk>} */
  #chunks = new ByteCache(LOG_CACHE_BYTES);
  /** States by seq. @type {ByteCache<State>} */
  #states = new ByteCache(STATE_CACHE_BYTES);
  /** Chunks that are being loaded. @type {Map<number, Promise<Chunk>>} */
  #loading = new Map();
  #doc = new Y.Doc();
  /** The seq of the document. */
  #seq = 0;
  #lastCall = 0;
  #closed = false;

  /**
   * @param {Source} api
   * @param {string} path of the document, with a slash at its end
   * @param {number} head seq of the last operation
   * @param {number} [start] seq before the first operation, where the log is compacted
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

  /** Bytes in the caches. */
  get size() {
    return this.#chunks.size + this.#states.size;
  }

  /**
   * Set the end of a log that has grown.
   * @param {number} head
   */
  grow(head) {
    this.#head = Math.max(this.#head, head);
  }

  close() {
    this.#closed = true;
    this.#lastCall += 1;
  }

  /**
   * Return whether a state can be made without the server.
   * @param {number} seq
   */
  has(seq) {
    return seq === this.#seq || seq === 0 || this.#reach(seq) !== null;
  }

  /**
   * Return the author and the time of an operation; null if it is not loaded.
   * @param {number} seq
   */
  mark(seq) {
    return this.#chunks.get(chunkOf(seq))?.part(seq)?.mark(seq) ?? null;
  }

  /**
   * Return the document at a seq that is not before the log's start. The document is reused, so it
   * is valid until the next call. Throws `SupersededError` if there is a next call meanwhile.
   * @param {number} seq
   * @returns {Promise<Y.Doc>}
   */
  async at(seq) {
    const call = ++this.#lastCall;
    if (seq === this.#seq) return this.#doc;
    if (!this.has(seq)) await this.#load(chunkOf(Math.max(seq, this.#start + 1)));
    this.#checkCurrent(call);
    const from = this.#reach(seq);
    if (seq > 0 && from === null) throw new Error("This version could not be loaded. Try again.");
    if (seq === 0 || from !== this.#seq) this.#startAt(from ?? 0);
    while (this.#seq < seq) {
      this.#advance(seq);
      if (this.#seq < seq) await turn();
      this.#checkCurrent(call);
    }
    return this.#doc;
  }

  /**
   * Load the chunks around a seq, the nearest first, until all of them are cached.
   * @param {() => number} near the position of the reader, read before every call
   */
  async prefetch(near) {
    /** Chunks that were evicted at once are not loaded again and again. @type {Set<number>} */
    const tried = new Set();
    for (;;) {
      const next = this.#missing(near(), tried);
      if (next === undefined) return;
      tried.add(next);
      await this.#load(next);
      await this.#cacheStates(next);
      if (this.#closed) return;
      this.dispatchEvent(new Event("progress"));
    }
  }

  /** Return the share of the chunks around a seq that is loaded, from 0 to 1. @param {number} seq */
  share(seq) {
    const wanted = this.#near(seq);
    return wanted.filter((chunk) => this.#isWhole(chunk)).length / Math.max(wanted.length, 1);
  }

  // --- the document ----------------------------------------------------------------------------

  /** @param {number} call */
  #checkCurrent(call) {
    if (call !== this.#lastCall) throw new SupersededError("another state was requested");
  }

  /**
   * Return the seq to begin at on the way to `seq`: the document's own, or that of a cached state;
   * null if a part of the log in between is not loaded.
   * @param {number} seq
   */
  #reach(seq) {
    if (seq <= this.#start) return seq > 0 && this.#states.has(seq) ? seq : null;
    const chunk = this.#chunks.get(chunkOf(seq));
    if (!chunk || chunk.last < seq) return null;
    const cached = this.#cachedBefore(seq, chunk);
    const isOnTheWay = this.#seq <= seq && this.#seq >= chunk.first - 1;
    if (isOnTheWay && this.#seq >= (cached ?? 0)) return this.#seq;
    return cached;
  }

  /**
   * @param {number} seq
   * @param {Chunk} chunk
   */
  #cachedBefore(seq, chunk) {
    const latest = seq - (seq % STATE_INTERVAL);
    for (let state = latest; state >= chunk.first - 1; state -= STATE_INTERVAL) {
      if (state === 0 || this.#states.has(state)) return state;
    }
    const before = chunk.first - 1;
    return this.#states.has(before) ? before : null;
  }

  /**
   * Begin at a cached state, with a new document.
   * @param {number} seq 0 for the empty document
   */
  #startAt(seq) {
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
    const until = performance.now() + MAX_TURN_MS;
    // One transaction for all: its cleanup costs as much as an operation.
    this.#doc.transact(() => {
      do {
        const next = this.#seq + 1;
        const update = this.#chunks.get(chunkOf(next))?.part(next)?.update(next);
        if (!update) throw new Error("A part of the history is no longer loaded. Try again.");
        if (update.length > 0) Y.applyUpdate(this.#doc, update);
        this.#seq = next;
      } while (this.#seq < seq && this.#seq % STATE_INTERVAL !== 0 && performance.now() < until);
    });
    this.#cacheState();
  }

  /** Cache the state of the document, if one is cached at its seq. */
  #cacheState() {
    if (this.#seq % STATE_INTERVAL !== 0 || this.#states.has(this.#seq)) return;
    this.#states.set(this.#seq, stateOf(Y.encodeStateAsUpdate(this.#doc)));
  }

  // --- the log ---------------------------------------------------------------------------------

  /**
   * Load the missing part of a chunk and the state before it.
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
      if (part.last === after) {
        throw new Error("The history is shorter than the server reported. Try again.");
      }
      chunk.add(part);
    }
  }

  /**
   * Cache the states of a loaded chunk, with a document of its own.
   * @param {number} number
   */
  async #cacheStates(number) {
    const chunk = this.#chunks.get(number);
    const before = this.#before(number);
    const state = this.#states.get(before);
    if (!chunk || (state?.size ?? 0) > SMALL_STATE_BYTES) return;
    const doc = new Y.Doc();
    if (state) Y.applyUpdate(doc, state.bytes);
    let until = performance.now() + MAX_TURN_MS;
    for (let seq = before + 1; seq <= chunk.last && !this.#closed; seq += 1) {
      const update = chunk.part(seq)?.update(seq);
      if (update?.length) Y.applyUpdate(doc, update);
      if (seq % STATE_INTERVAL === 0 && !this.#states.has(seq)) {
        this.#states.set(seq, stateOf(Y.encodeStateAsUpdate(doc)));
      }
      if (performance.now() < until) continue;
      await turn();
      until = performance.now() + MAX_TURN_MS;
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
   * Return the chunks around a seq, the nearest first.
   * @param {number} seq
   */
  #near(seq) {
    const here = chunkOf(seq);
    const first = chunkOf(this.#start + 1);
    const count = chunkOf(this.#head) + 1 - first;
    const all = Array.from({ length: Math.max(count, 0) }, (_, number) => first + number);
    return all.sort((a, b) => Math.abs(a - here) - Math.abs(b - here)).slice(0, PREFETCHED_CHUNKS);
  }

  /**
   * @param {number} seq
   * @param {Set<number>} tried
   */
  #missing(seq, tried) {
    if (this.#head === 0 || this.#closed) return undefined;
    return this.#near(seq).find((chunk) => !tried.has(chunk) && !this.#isWhole(chunk));
  }
}

/** Consecutive operations of the log, in the segments in which they came. */
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
    return this.#parts.find((part) => part.first <= seq && seq <= part.last);
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

/** Let the page draw and handle events. */
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
