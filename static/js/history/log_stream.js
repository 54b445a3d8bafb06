/** Decodes the log stream (docs/protocol.md): bytes as they came, with an index of the operations. Pure. */
import { decoding } from "../../vendor/yjs.js";

/** @typedef {{id: string, username: string}} Author */
/** @typedef {{author: Author, at: number}} Mark author and time of an operation, ms since the epoch */

/** Memory of one operation beside its update: its entries in the index. */
const ENTRY_BYTES = 20;

/** Consecutive operations of the log. */
export class LogSegment {
  #bytes;
  /** @type {Author[]} */
  #authors = [];
  /** The index: start and length of the updates, authors and times. @type {number[]} */
  #starts = [];
  /** @type {number[]} */
  #lengths = [];
  /** @type {number[]} */
  #authorOf = [];
  /** @type {number[]} */
  #times = [];

  /**
   * Decode an answer of the server.
   * @param {Uint8Array} bytes
   * @param {number} after the operation before the first one
   */
  constructor(bytes, after) {
    this.#bytes = bytes;
    /** Seq of the first operation. */
    this.first = after + 1;
    const decoder = decoding.createDecoder(bytes);
    for (let count = decoding.readVarUint(decoder); count > 0; count -= 1) {
      const id = decoding.readVarString(decoder);
      this.#authors.push({ id, username: decoding.readVarString(decoder) });
    }
    while (decoding.hasContent(decoder)) {
      this.#authorOf.push(decoding.readVarUint(decoder));
      this.#times.push(decoding.readVarUint(decoder));
      const length = decoding.readVarUint(decoder);
      this.#starts.push(decoder.pos);
      this.#lengths.push(length);
      decoder.pos += length;
    }
    if (decoder.pos > bytes.length) throw new Error("The log was cut off on its way. Try again.");
  }

  /** Seq of the last operation; `first - 1` for an empty segment. */
  get last() {
    return this.first + this.#starts.length - 1;
  }

  /** Approximate memory in bytes. */
  get size() {
    return this.#bytes.length + this.#starts.length * ENTRY_BYTES;
  }

  /**
   * Return an operation's update; empty for an operation in quarantine.
   * @param {number} seq
   */
  update(seq) {
    const index = seq - this.first;
    const start = this.#starts[index] ?? 0;
    return this.#bytes.subarray(start, start + (this.#lengths[index] ?? 0));
  }

  /**
   * Return the author and the time of an operation.
   * @param {number} seq
   * @returns {Mark | null}
   */
  mark(seq) {
    const author = this.#authors[this.#authorOf[seq - this.first] ?? -1];
    const at = this.#times[seq - this.first];
    return author && at !== undefined ? { author, at } : null;
  }
}
