/** The copy of a document on this device, which shows it without a connection: y-indexeddb. */
import { IndexeddbPersistence } from "../../vendor/yjs.js";
import { finished } from "./operation_store.js";

const STORE = "updates";

/** Loads a document from IndexedDB, and stores each of its updates. */
export class DeviceCopy {
  #name;
  #persistence;

  /**
   * @param {string} name
   * @param {import("../../vendor/yjs.js").Y.Doc} doc
   */
  constructor(name, doc) {
    this.#name = name;
    this.#persistence = new IndexeddbPersistence(name, doc);
  }

  /** Wait until the document has what is stored. */
  async load() {
    await this.#persistence.whenSynced;
  }

  /**
   * Store nothing more, and delete what is stored. The database stays: another page of this person
   * may have it open, which would delay its deletion until that page is closed.
   */
  async discard() {
    await this.#persistence.destroy();
    const database = await opened(this.#name);
    const transaction = database.transaction(STORE, "readwrite");
    transaction.objectStore(STORE).clear();
    await finished(transaction);
    database.close();
  }
}

/**
 * @param {string} name
 * @returns {Promise<IDBDatabase>}
 */
function opened(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
