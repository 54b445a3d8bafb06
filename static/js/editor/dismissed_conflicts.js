/** Move conflicts that the person has closed the message of, or has brought back: on this device. */

/** @typedef {import("../sync/move_conflicts.js").MoveConflicts} MoveConflicts */
/** @typedef {import("../sync/standing_text.js").IdRange} IdRange */

/** So many id ranges of a document are stored, the latest. */
const MAX_RANGES = 500;

/** Remembers the characters of conflicts. */
export class DismissedConflicts {
  #key;
  #storage;
  /** @type {IdRange[]} */
  #ranges;

  /**
   * @param {string} scope names the person and the document
   * @param {Pick<Storage, "getItem" | "setItem">} [storage]
   */
  constructor(scope, storage = localStorage) {
    this.#key = `scriptorium-conflicts:${scope}`;
    this.#storage = storage;
    this.#ranges = this.#stored();
  }

  /** @param {MoveConflicts} conflicts */
  add({ doubled, misplaced, returned }) {
    this.#ranges.push(
      ...doubled.flatMap(({ own, other }) => [own, other]),
      ...misplaced.flatMap(({ ids }) => ids),
      ...returned,
    );
    this.#ranges = this.#ranges.slice(-MAX_RANGES);
    try {
      this.#storage.setItem(this.#key, JSON.stringify(this.#ranges));
    } catch (error) {
      console.warn("A message is not remembered as closed:", error);
    }
  }

  /**
   * Return the conflicts without those that were dismissed.
   * @param {MoveConflicts} conflicts
   * @returns {MoveConflicts}
   */
  without({ doubled, misplaced, returned, clients }) {
    return {
      doubled: doubled.filter(({ own, other }) => !this.#has(own) && !this.#has(other)),
      misplaced: misplaced.filter(({ ids }) => !ids.some((range) => this.#has(range))),
      returned: returned.filter((range) => !this.#has(range)),
      clients,
    };
  }

  /** @param {IdRange} range */
  #has({ client, clock, length }) {
    return this.#ranges.some(
      (one) =>
        one.client === client && one.clock < clock + length && clock < one.clock + one.length,
    );
  }

  /** @returns {IdRange[]} */
  #stored() {
    try {
      const stored = JSON.parse(this.#storage.getItem(this.#key) ?? "[]");
      return Array.isArray(stored) ? stored : [];
    } catch {
      return [];
    }
  }
}
