// One WebSocket connection with its Y.Doc, and what is done with many of them.
import * as dec from "lib0/decoding";
import WebSocket from "ws";
import * as Y from "yjs";
import { dialects, step2 } from "./dialects.mjs";
import { now, until, within } from "./waiting.mjs";

/**
 * `mode` 'full': others' updates are applied to the document, as an editor would. 'meta': they are
 * only read for the clocks that they bring, so that a test of throughput measures the server and
 * not a dozen replicas in this process. `batching`: nothing goes out until `flush`.
 */
export class Client {
  constructor(
    run,
    room,
    { mode = "full", onMeta = null, batching = false, dialect = run.dialect } = {},
  ) {
    this.run = run;
    this.room = room;
    this.documentId = run.documents.get(room);
    this.dialect = dialects[dialect];
    this.mode = mode;
    this.onMeta = onMeta;
    this.doc = new Y.Doc();
    this.text = this.doc.getText("text");
    this.frames = 0;
    this.lastAt = 0;
    this.sentAt = []; // clock -> when it was typed
    this.waiting = batching ? [] : null;
    this.sent = []; // ids of operations without an ack, in order
    this.closed = false;
    this.doc.on("update", (update, origin) => {
      if (origin === this) return;
      if (this.waiting) this.waiting.push(update);
      else this.sendUpdate(update);
    });
    this.ready = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.ready.catch(() => {});
    this.connect();
  }

  connect() {
    this.startedAt = now();
    const { subprotocol } = this.dialect;
    const options = { perMessageDeflate: false, maxPayload: 256 << 20, skipUTF8Validation: true };
    this.socket = new WebSocket(
      this.run.address(this.room),
      subprotocol ? [subprotocol] : [],
      options,
    );
    this.socket.on("open", () => this.dialect.open(this));
    this.socket.on("message", (data, binary) => binary && this.take(data));
    this.socket.on("error", (error) => this.fail(error));
    this.socket.on("close", (code, reason) => {
      this.closed = true;
      this.fail(new Error(`closed ${code} ${reason}`));
    });
  }

  take(data) {
    this.lastAt = now();
    this.frames++;
    try {
      this.dialect.message(this, data);
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error) {
    this.error ??= error;
    this.reject(error);
  }
  send(bytes) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(bytes);
  }

  sendUpdate(update) {
    const id = `${this.doc.clientID}-${this.clock()}-${this.sent.length}`;
    this.sent.push(id);
    this.send(this.dialect.update(this, update, id));
  }

  /** Send what was typed since the last time as one update. */
  flush() {
    if (this.waiting.length === 0) return false;
    this.sendUpdate(Y.mergeUpdates(this.waiting.splice(0)));
    return true;
  }

  // --- what a dialect tells ---

  onSync(decoder, head) {
    const step = dec.readVarUint(decoder);
    const body = dec.readVarUint8Array(decoder);
    if (step === 0) {
      if (this.dialect.acks !== "persisted") this.send(step2(this, body, head));
      return;
    }
    this.onUpdate(body);
    if (step === 1) this.resolve(this);
  }

  onUpdate(update) {
    if (this.mode === "full") Y.applyUpdate(this.doc, update, this);
    else if (this.onMeta) {
      const { from, to } = Y.parseUpdateMeta(update);
      this.onMeta(this, from, to);
    }
  }

  onAck() {}

  // --- typing ---

  clock() {
    return Y.getState(this.doc.store, this.doc.clientID);
  }

  type(letters) {
    const at = now();
    for (let offset = 0; offset < letters.length; offset++) this.sentAt[this.clock() + offset] = at;
    this.text.insert(this.text.length, letters);
  }

  moveCaret(clock) {
    this.send(this.dialect.caret(this, clock, { cursor: { at: now() } }));
  }

  /** Tell a function, for each letter of a writer that comes here, how late it was. */
  watch(writer, tell) {
    const id = writer.doc.clientID;
    this.doc.on("update", (_update, origin, _doc, transaction) => {
      if (origin !== this) return;
      const at = now();
      const end = transaction.afterState.get(id) || 0;
      for (let clock = transaction.beforeState.get(id) || 0; clock < end; clock++) {
        if (writer.sentAt[clock] !== undefined) tell(at - writer.sentAt[clock], clock);
      }
    });
  }

  close() {
    this.closed = true;
    this.socket.terminate();
    this.doc.destroy();
  }
}

/** Open clients a few at a time, and wait until each has what is there. */
export async function openAll(count, make, { atOnce = 20, wait = 30000 } = {}) {
  const clients = [];
  for (let first = 0; first < count; first += atOnce) {
    const part = [];
    for (let index = first; index < Math.min(count, first + atOnce); index++)
      part.push(make(index));
    clients.push(...part);
    await within(
      Promise.all(part.map((client) => client.ready)),
      wait,
      `opening clients from ${first}`,
    );
  }
  return clients;
}

/** Open one, and wait until it has what is there. */
export async function open(run, room, options) {
  const client = new Client(run, room, options);
  await within(client.ready, 15000, "a client to be in sync");
  return client;
}

/** Wait until nobody has got anything for so many ms. */
export async function settle(clients, quiet = 400, wait = 30000) {
  await until(
    () => now() - clients.reduce((last, client) => Math.max(last, client.lastAt), 0) > quiet,
    wait,
    50,
  );
}

export const closeAll = (clients) => clients.forEach((client) => client.close());

/** Return how long one takes from its beginning until the text is whole, in ms. Fails with why not. */
export async function coldLoad(run, room, length, wait = 30000) {
  const client = new Client(run, room);
  let doneAt = null;
  client.doc.on("update", () => {
    if (client.text.length === length) doneAt ??= now();
  });
  await until(() => doneAt !== null || client.error, wait, 2);
  client.close();
  if (doneAt === null)
    throw client.error ?? new Error(`${client.text.length} of ${length} letters came`);
  return doneAt - client.startedAt;
}
