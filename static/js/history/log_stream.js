/** The log as bytes (docs/protocol.md): read once, kept as it came, its updates cut out on demand. Pure. */
import { decoding } from "../../vendor/yjs.js";

/** @typedef {{id: string, username: string}} Author */
/** @typedef {{author: Author, at: number}} Mark who made an operation, and when (ms since 1970) */

/** Bytes that one operation takes beside its update: its places and its time. */
const ENTRY_BYTES = 20;

/** Some operations of the log, one after the other. */
export class LogSegment {
  #bytes;
  /** @type {Author[]} */
  #authors = [];
  /** Where each update is, how long it is, whose, and when. @type {number[]} */
  #starts = [];
  /** @type {number[]} */
  #lengths = [];
  /** @type {number[]} */
  #authorOf = [];
  /** @type {number[]} */
  #times = [];

  /**
   * Read an answer of the server.
   * @param {Uint8Array} bytes
   * @param {number} after the operation before the first one
   */
  constructor(bytes, after) {
    this.#bytes = bytes;
    /** The first operation's number. */
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

  /** The last operation's number; one less than the first one's for an empty part. */
  get last() {
    return this.first + this.#starts.length - 1;
  }

  /** About how much memory it takes. */
  get size() {
    return this.#bytes.length + this.#starts.length * ENTRY_BYTES;
  }

  /**
   * Return an operation's update; empty for one that is no part of the document.
   * @param {number} seq
   */
  update(seq) {
    const place = seq - this.first;
    const start = this.#starts[place] ?? 0;
    return this.#bytes.subarray(start, start + (this.#lengths[place] ?? 0));
  }

  /**
   * Return who made an operation, and when.
   * @param {number} seq
   * @returns {Mark | null}
   */
  mark(seq) {
    const author = this.#authors[this.#authorOf[seq - this.first] ?? -1];
    const at = this.#times[seq - this.first];
    return author && at !== undefined ? { author, at } : null;
  }
}
