/** A least-recently-used cache, bounded in bytes. Pure. */

/** @template {{size: number}} Value */
export class ByteCache {
  #limit;
  #size = 0;
  /** The least recently used first, with the sizes at insertion. @type {Map<number, {value: Value, size: number}>} */
  #entries = new Map();

  /** @param {number} limit in bytes; the newest value stays whatever its size */
  constructor(limit) {
    this.#limit = limit;
  }

  /** Bytes in the cache. */
  get size() {
    return this.#size;
  }

  /** @param {number} key */
  has(key) {
    return this.#entries.has(key);
  }

  /** @param {number} key */
  get(key) {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /**
   * Add a value; one that has grown is set again.
   * @param {number} key
   * @param {Value} value
   */
  set(key, value) {
    this.#remove(key);
    this.#entries.set(key, { value, size: value.size });
    this.#size += value.size;
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#limit || oldest === key) break;
      this.#remove(oldest);
    }
  }

  /** @param {number} key */
  #remove(key) {
    this.#size -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
  }
}
