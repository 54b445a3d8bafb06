/** Storage of the outbox: IndexedDB, or memory if the browser has none. */

/** @typedef {import("./outbox.js").Operation} Operation */
/** @typedef {import("./outbox.js").OperationStore} OperationStore */

const DATABASE = "scriptorium-outbox";
const STORE = "operations";

/**
 * Open the store of one person's operations on one document of one lineage.
 * @param {string} scope
 * @returns {Promise<OperationStore>}
 */
export async function openOperationStore(scope) {
  try {
    return new IndexedDbStore(await openDatabase(), scope);
  } catch (error) {
    console.warn("This browser stores nothing on the device:", error);
    return new MemoryStore();
  }
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(STORE, { keyPath: ["scope", "id"] });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Wait for a transaction's end.
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
export function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

/** Operations of one scope in IndexedDB. */
class IndexedDbStore {
  durable = true;
  #database;
  #scope;

  /**
   * @param {IDBDatabase} database
   * @param {string} scope
   */
  constructor(database, scope) {
    this.#database = database;
    this.#scope = scope;
  }

  /** @returns {Promise<Operation[]>} */
  async load() {
    const transaction = this.#database.transaction(STORE);
    const range = IDBKeyRange.bound([this.#scope, ""], [this.#scope, "\uffff"]);
    const request = transaction.objectStore(STORE).getAll(range);
    await finished(transaction);
    return request.result;
  }

  /**
   * @param {Operation} operation
   * @param {string | null} replacedId
   */
  put(operation, replacedId) {
    const transaction = this.#database.transaction(STORE, "readwrite");
    const store = transaction.objectStore(STORE);
    if (replacedId !== null) store.delete([this.#scope, replacedId]);
    store.put({ ...operation, scope: this.#scope });
    // Without waiting for the end of the task: the page may be closing.
    transaction.commit();
    return finished(transaction);
  }

  /** @param {string} id */
  remove(id) {
    const transaction = this.#database.transaction(STORE, "readwrite");
    transaction.objectStore(STORE).delete([this.#scope, id]);
    return finished(transaction);
  }

  /**
   * @param {string[]} removedIds
   * @param {Operation[]} operations
   */
  replace(removedIds, operations) {
    const transaction = this.#database.transaction(STORE, "readwrite");
    const store = transaction.objectStore(STORE);
    for (const id of removedIds) store.delete([this.#scope, id]);
    for (const operation of operations) store.put({ ...operation, scope: this.#scope });
    return finished(transaction);
  }
}

/** Operations that live as long as the page. */
export class MemoryStore {
  durable = false;
  /** @type {Map<string, Operation>} */
  #operations = new Map();

  async load() {
    return [...this.#operations.values()];
  }

  /**
   * @param {Operation} operation
   * @param {string | null} replacedId
   */
  async put(operation, replacedId) {
    if (replacedId !== null) this.#operations.delete(replacedId);
    this.#operations.set(operation.id, operation);
  }

  /** @param {string} id */
  async remove(id) {
    this.#operations.delete(id);
  }

  /**
   * @param {string[]} removedIds
   * @param {Operation[]} operations
   */
  async replace(removedIds, operations) {
    for (const id of removedIds) this.#operations.delete(id);
    for (const operation of operations) this.#operations.set(operation.id, operation);
  }
}
