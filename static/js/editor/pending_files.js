/**
 * Files that are not uploaded yet, stored on the device beside the unsent edits, and as these by person,
 * document and lineage: nobody else at this device gets them.
 */
import { finished } from "../sync/operation_store.js";

/**
 * A file that waits. Its place is a relative position, or null for the end. `attached` is the server's
 * answer once there is one, and `shown` how often the document showed that file before it was inserted:
 * so a page that ends between the insertion and the removal inserts nothing twice.
 * @typedef {object} PendingFile
 * @property {string} id
 * @property {File} file
 * @property {unknown} anchor
 * @property {import("./uploads.js").Attached} [attached]
 * @property {number} [shown]
 */

const DATABASE = "scriptorium-files";
const STORE = "files";

/** @param {string} scope */
const markOf = (scope) => `scriptorium-files:${scope}`;

/**
 * Return whether an earlier page may have left files; without opening a database.
 * @param {string} scope
 */
export const mayHaveFiles = (scope) => localStorage.getItem(markOf(scope)) !== null;

/** The waiting files of one person in one document. Every method may throw: the device may be full. */
export class PendingFiles {
  #scope;
  /** @type {Promise<IDBDatabase> | null} */
  #database = null;

  /** @param {string} scope */
  constructor(scope) {
    this.#scope = scope;
  }

  /**
   * Return the files that earlier pages have left.
   * @returns {Promise<PendingFile[]>}
   */
  async load() {
    // A transaction that excludes the ones in which other pages set the mark.
    const transaction = (await this.#open()).transaction(STORE, "readwrite");
    const range = IDBKeyRange.bound([this.#scope, ""], [this.#scope, "\uffff"]);
    const request = transaction.objectStore(STORE).getAll(range);
    request.onsuccess = () => {
      if (request.result.length === 0) localStorage.removeItem(markOf(this.#scope));
    };
    await finished(transaction);
    const found = /** @type {(PendingFile & {at: number})[]} */ (request.result);
    return found.sort((one, other) => one.at - other.at);
  }

  /**
   * Return a file as it is stored now; undefined if it is not any more.
   * @param {string} id
   * @returns {Promise<PendingFile | undefined>}
   */
  async get(id) {
    const transaction = (await this.#open()).transaction(STORE);
    const request = transaction.objectStore(STORE).get([this.#scope, id]);
    await finished(transaction);
    return request.result;
  }

  /** @param {PendingFile} pending */
  async put(pending) {
    const transaction = (await this.#open()).transaction(STORE, "readwrite");
    const store = transaction.objectStore(STORE);
    const request = store.put({ at: Date.now(), ...pending, scope: this.#scope });
    request.onsuccess = () => localStorage.setItem(markOf(this.#scope), "");
    await finished(transaction);
  }

  /** @param {string} id */
  async remove(id) {
    const transaction = (await this.#open()).transaction(STORE, "readwrite");
    transaction.objectStore(STORE).delete([this.#scope, id]);
    await finished(transaction);
  }

  /** @returns {Promise<IDBDatabase>} */
  #open() {
    this.#database ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(STORE, { keyPath: ["scope", "id"] });
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return this.#database;
  }
}

/**
 * Hold a file for this page until it is released or the page ends: no other page uploads it meanwhile.
 * @param {string} id
 * @returns {Promise<(() => void) | null>} the release; null while another page holds it
 */
export function holdFile(id) {
  return new Promise((resolve) => {
    void navigator.locks.request(`scriptorium-file:${id}`, { ifAvailable: true }, (lock) => {
      if (lock === null) return resolve(null);
      return new Promise((release) => resolve(() => release(undefined)));
    });
  });
}
