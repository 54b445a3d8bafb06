/** The operations that the server makes for this page, until they are here. */

/**
 * The origin that an operation is merged with, and the callback for its end.
 * @typedef {{origin: unknown, onEnd: (isMerged: boolean) => void}} Followed
 */

export class FollowedOperations {
  /** @type {Map<string, Followed>} */
  #followed = new Map();

  /**
   * Wait for an operation. True once it is here; false when it came another way, or does not come.
   * @param {string} id
   * @param {unknown} origin
   * @returns {Promise<boolean>}
   */
  wait(id, origin) {
    return new Promise((resolve) => {
      this.#followed.set(id, { origin, onEnd: resolve });
    });
  }

  /** @param {string} id */
  originOf(id) {
    return this.#followed.get(id)?.origin;
  }

  /**
   * Stop waiting for an operation.
   * @param {string} id
   * @param {boolean} [isMerged]
   */
  end(id, isMerged = false) {
    this.#followed.get(id)?.onEnd(isMerged);
    this.#followed.delete(id);
  }

  endAll() {
    for (const id of this.#followed.keys()) this.end(id);
  }
}
