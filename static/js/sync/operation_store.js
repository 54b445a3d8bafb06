/** Storage of the outbox: IndexedDB, or memory if the browser has none. */

/** @typedef {import("./outbox.js").Operation} Operation */
/** @typedef {import("./outbox.js").ParkedOperation} ParkedOperation */
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
  /** Scope of what the server has refused. */
  #parkedScope;

  /**
   * @param {IDBDatabase} database
   * @param {string} scope
   */
  constructor(database, scope) {
    this.#database = database;
    this.#scope = scope;
    this.#parkedScope = `${scope} parked`;
  }

  /** @returns {Promise<Operation[]>} */
  load() {
    return this.#loadAll(this.#scope);
  }

  /** @returns {Promise<ParkedOperation[]>} */
  loadParked() {
    return this.#loadAll(this.#parkedScope);
  }

  /** @param {string} scope */
  async #loadAll(scope) {
    const transaction = this.#database.transaction(STORE);
    const range = IDBKeyRange.bound([scope, ""], [scope, "\uffff"]);
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
   * @param {ParkedOperation[]} [parked]
   */
  replace(removedIds, operations, parked = []) {
    const transaction = this.#database.transaction(STORE, "readwrite");
    const store = transaction.objectStore(STORE);
    for (const id of removedIds) store.delete([this.#scope, id]);
    for (const operation of operations) store.put({ ...operation, scope: this.#scope });
    for (const operation of parked) store.put({ ...operation, scope: this.#parkedScope });
    return finished(transaction);
  }

  /**
   * @param {string[]} ids
   * @param {Operation[]} operations
   */
  unpark(ids, operations) {
    const transaction = this.#database.transaction(STORE, "readwrite");
    const store = transaction.objectStore(STORE);
    for (const id of ids) store.delete([this.#parkedScope, id]);
    for (const operation of operations) store.put({ ...operation, scope: this.#scope });
    return finished(transaction);
  }
}

/** Operations that live as long as the page. */
export class MemoryStore {
  durable = false;
  /** @type {Map<string, Operation>} */
  #operations = new Map();
  /** @type {Map<string, ParkedOperation>} */
  #parked = new Map();

  async load() {
    return [...this.#operations.values()];
  }

  async loadParked() {
    return [...this.#parked.values()];
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
   * @param {ParkedOperation[]} [parked]
   */
  async replace(removedIds, operations, parked = []) {
    for (const id of removedIds) this.#operations.delete(id);
    for (const operation of operations) this.#operations.set(operation.id, operation);
    for (const operation of parked) this.#parked.set(operation.id, operation);
  }

  /**
   * @param {string[]} ids
   * @param {Operation[]} operations
   */
  async unpark(ids, operations) {
    for (const id of ids) this.#parked.delete(id);
    for (const operation of operations) this.#operations.set(operation.id, operation);
  }
}
