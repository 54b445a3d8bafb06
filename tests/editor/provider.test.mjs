/** The provider with a fake server: reconciliation, acknowledgements, refusals. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { MemoryStore } from "../../static/js/sync/operation_store.js";
import { Outbox } from "../../static/js/sync/outbox.js";
import { Provider } from "../../static/js/sync/provider.js";
import { coversVector } from "../../static/js/sync/reconcile.js";
import {
  ACK_TIMEOUT_MS,
  MAX_BYTES_IN_FLIGHT,
  MAX_IN_FLIGHT,
  SendWindow,
} from "../../static/js/sync/send_window.js";
import {
  ACK_STAGE,
  CLOSE,
  FRAME,
  SYNC,
  decodeFrame,
  encodeOperation,
  encodeSyncStep1,
} from "../../static/js/sync/wire.js";
import { Y, encoding } from "../../static/vendor/yjs.js";
import { FakeSocket, installFakeSocket, settled } from "./fake_socket.mjs";

installFakeSocket();

const EMPTY_VECTOR = new Uint8Array([0]);

/**
 * @param {number} type
 * @param {(encoder: encoding.Encoder) => void} write
 */
function frame(type, write) {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, type);
  write(encoder);
  return encoding.toUint8Array(encoder);
}

/** @param {Uint8Array} update */
function syncStep2(update) {
  return frame(FRAME.SYNC, (encoder) => {
    encoding.writeVarUint(encoder, SYNC.STEP_2);
    encoding.writeVarUint8Array(encoder, update);
  });
}

/** @param {string} id @param {number} stage */
function ack(id, stage) {
  return frame(FRAME.ACK, (encoder) => {
    encoding.writeVarString(encoder, id);
    encoding.writeVarUint(encoder, stage);
    encoding.writeVarUint(encoder, 1);
  });
}

/** @param {string} id @param {string} code @param {string} message */
function reject(id, code, message) {
  return frame(FRAME.REJECT, (encoder) => {
    for (const text of [id, code, message]) encoding.writeVarString(encoder, text);
  });
}

/** @param {string} id @param {Uint8Array} vector @param {Uint8Array} update @param {number} seq */
function broadcast(id, vector, update, seq) {
  const sent = encodeOperation("d", { id, vector, update });
  const tail = encoding.createEncoder();
  encoding.writeVarUint(tail, seq);
  encoding.writeVarString(tail, "7");
  return new Uint8Array([...sent, ...encoding.toUint8Array(tail)]);
}

/** @returns {import("../../static/js/sync/wire.js").Frame[]} */
function sentFrames() {
  return FakeSocket.last.sent.map((bytes) => {
    // The server adds a seq and an author to an operation; the client's has neither.
    const isOperation = bytes[0] === FRAME.OPERATION;
    return decodeFrame(isOperation ? new Uint8Array([...bytes, 0, 0]) : bytes);
  });
}

function sentOperations() {
  return sentFrames().flatMap((sent) => (sent.kind === "operation" ? [sent] : []));
}

/** @param {Y.Doc} doc @param {string} text */
function write(doc, text) {
  doc.getText("default").insert(0, text);
}

/** @type {Provider[]} */
let providers = [];

/** A store as on a device: what it has outlives the page. */
class DeviceStore extends MemoryStore {
  /** @override */
  durable = true;
}

/**
 * @param {object} [options]
 * @param {boolean} [options.writable]
 * @param {MemoryStore} [options.store]
 * @param {Y.Doc} [options.doc]
 * @param {import("../../static/js/sync/provider.js").Limits} [options.limits]
 */
async function opened({
  writable = true,
  store = new MemoryStore(),
  doc = new Y.Doc(),
  limits = undefined,
} = {}) {
  const outbox = await Outbox.open(store);
  const token = { access: "token", expiresAt: Date.now() + 3_600_000 };
  const provider = new Provider({
    url: "ws://server/ws/documents/d",
    documentId: "d",
    doc,
    tokens: { current: async () => token, renew: async () => token },
    outbox,
    writable,
    empty: true,
    limits,
  });
  providers.push(provider);
  await provider.open();
  FakeSocket.last.accept();
  return { provider, doc, outbox };
}

/** Sync a connection with a server whose document is `server`. @param {Y.Doc} server */
function sync(server = new Y.Doc()) {
  FakeSocket.last.receive(encodeSyncStep1(Y.encodeStateVector(server)));
  FakeSocket.last.receive(syncStep2(Y.encodeStateAsUpdate(server)));
}

beforeEach(() => {
  FakeSocket.opened = [];
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
});

afterEach(() => {
  for (const provider of providers) provider.close();
  providers = [];
  mock.timers.reset();
});

test("nothing is sent before the server's vector and state are both here", async () => {
  const { provider, doc } = await opened();
  write(doc, "Words");
  provider.flush();
  FakeSocket.last.receive(encodeSyncStep1(EMPTY_VECTOR));
  assert.equal(provider.state.synced, false);
  assert.deepEqual(sentOperations(), []);
  FakeSocket.last.receive(syncStep2(Y.encodeStateAsUpdate(new Y.Doc())));
  assert.equal(provider.state.synced, true);
  assert.equal(sentOperations().length, 1);
  assert.equal(provider.state.unsaved, 1);
});

test("an operation is unsaved until it is persisted; received does not count", async () => {
  const { provider, doc, outbox } = await opened();
  sync();
  write(doc, "Words");
  provider.flush();
  const [operation] = sentOperations();
  assert.ok(operation);
  FakeSocket.last.receive(ack(operation.id, ACK_STAGE.RECEIVED));
  assert.equal(provider.state.unsaved, 1);
  FakeSocket.last.receive(ack(operation.id, ACK_STAGE.PERSISTED));
  assert.equal(provider.state.unsaved, 0);
  assert.deepEqual(outbox.operations, []);
});

test("after a reconnect unacknowledged operations are sent again, under the same id", async () => {
  const { provider, doc } = await opened();
  sync();
  write(doc, "Words");
  provider.flush();
  const [first] = sentOperations();
  FakeSocket.last.end(CLOSE.GOING_DOWN, "The server restarts.");
  assert.equal(provider.state.closeReason, "The server restarts.");
  assert.equal(provider.state.synced, false);
  mock.timers.tick(300);
  await settled();
  FakeSocket.last.accept();
  sync();
  assert.equal(provider.state.closeReason, "");
  assert.deepEqual(
    sentOperations().map(({ id }) => id),
    [first?.id],
  );
});

test("edits that are only in the document's local store become one operation", async () => {
  const { doc } = await opened();
  Y.applyUpdate(doc, updateOf("Words"));
  sync();
  const [operation, ...others] = sentOperations();
  assert.ok(operation);
  assert.deepEqual(others, []);
  const server = new Y.Doc();
  Y.applyUpdate(server, operation.update);
  assert.equal(server.getText("default").toString(), "Words");
});

/** @param {string} text */
function updateOf(text) {
  const doc = new Y.Doc();
  write(doc, text);
  return Y.encodeStateAsUpdate(doc);
}

test("a viewer sends nothing, and edits wait until the right is back", async () => {
  const { provider, doc } = await opened({ writable: false });
  sync();
  write(doc, "Words");
  provider.flush();
  assert.deepEqual(sentOperations(), []);
  provider.setWritable(true);
  assert.equal(sentOperations().length, 1);
});

test("an edit beyond the person's share makes the page read-only and is kept", async () => {
  const { provider, doc } = await opened({ store: new DeviceStore() });
  sync();
  write(doc, "Words");
  provider.flush();
  FakeSocket.last.receive(reject(String(sentOperations()[0]?.id), "quota_exceeded", "Full."));
  assert.equal(provider.state.writable, false);
  assert.equal(provider.state.stopped, null);
});

test("a forbidden edit makes the page read-only and is kept", async () => {
  const { provider, doc } = await opened();
  const denied = mock.fn();
  provider.addEventListener("denied", denied);
  sync();
  write(doc, "Words");
  provider.flush();
  FakeSocket.last.receive(reject(String(sentOperations()[0]?.id), "forbidden", "No."));
  assert.equal(provider.state.writable, false);
  assert.equal(provider.state.unsaved, 1);
  assert.equal(denied.mock.callCount(), 1);
  assert.equal(provider.state.stopped, null);
});

test("another refusal stops the connection with its message, and nothing is lost", async () => {
  const { provider, doc } = await opened();
  sync();
  write(doc, "Words");
  provider.flush();
  FakeSocket.last.receive(reject("x", "limit_exceeded", "The document is full."));
  assert.deepEqual(provider.state.stopped, { reason: "refused", message: "The document is full." });
  assert.equal(provider.state.unsaved, 1);
  provider.resume();
  await settled();
  FakeSocket.last.accept();
  sync();
  assert.equal(sentOperations().length, 1);
});

for (const code of ["foreign_client", "content_conflict"]) {
  test(`what was refused with ${code} is written again under a new client id`, async () => {
    const store = new DeviceStore();
    const { provider, doc } = await opened({ store });
    sync();
    for (const words of ["first ", "second ", "third "]) {
      write(doc, words);
      provider.flush();
    }
    const [first, second] = sentOperations();
    assert.ok(first && second);
    FakeSocket.last.receive(ack(first.id, ACK_STAGE.RECEIVED));
    FakeSocket.last.receive(reject(second.id, code, "Use a new client id."));
    assert.equal(provider.state.stopped?.reason, "renewal");
    assert.equal(provider.state.unsaved, 3);
    write(doc, "typed at the last moment ");
    await provider.renew();
    provider.close();

    const again = await opened({ store });
    assert.notEqual(again.doc.clientID, doc.clientID);
    const server = new Y.Doc();
    Y.applyUpdate(server, first.update);
    sync(server);
    assert.equal(again.doc.getText("default").toString(), doc.getText("default").toString());
    const [repeated, ...renewed] = sentOperations();
    assert.equal(repeated?.id, first.id);
    assert.equal(renewed.length, 3);
    for (const { id, update } of renewed) {
      assert.notEqual(id, second.id);
      for (const struct of Y.decodeUpdate(update).structs) {
        assert.notEqual(struct.id.client, doc.clientID);
      }
      Y.applyUpdate(server, update);
    }
    assert.equal(server.getText("default").toString(), doc.getText("default").toString());
  });
}

for (const code of ["limit_exceeded", "malformed", "nesting_too_deep", "rejected"]) {
  test(`what was refused with ${code} is set aside, and the rest goes on without it`, async () => {
    const store = new DeviceStore();
    const { provider, doc } = await opened({ store });
    sync();
    for (const words of ["first ", "second ", "third "]) {
      write(doc, words);
      provider.flush();
    }
    const [first, second] = sentOperations();
    assert.ok(first && second);
    FakeSocket.last.receive(ack(first.id, ACK_STAGE.PERSISTED));
    FakeSocket.last.receive(reject(second.id, code, "Not like this."));
    assert.equal(provider.state.stopped?.reason, "renewal");
    assert.match(provider.state.stopped?.message ?? "", /^Not like this\. The page loads again/);
    write(doc, "typed at the last moment ");
    await provider.renew();
    provider.close();

    const again = await opened({ store });
    const server = new Y.Doc();
    Y.applyUpdate(server, first.update);
    sync(server);
    const rest = "typed at the last moment third first ";
    assert.equal(again.doc.getText("default").toString(), rest);
    for (const { update } of sentOperations()) Y.applyUpdate(server, update);
    assert.equal(server.store.pendingStructs, null);
    assert.equal(server.getText("default").toString(), rest);

    const [parked, ...others] = await again.outbox.loadParked();
    assert.ok(parked && others.length === 0);
    assert.equal(parked.message, "Not like this.");
    const sent = sentOperations().length;
    assert.equal(await again.provider.retry(parked), true);
    assert.deepEqual(await again.outbox.loadParked(), []);
    assert.ok(again.doc.getText("default").toString().includes("second "));
    const retried = sentOperations().slice(sent);
    assert.equal(retried.length, 1);
    for (const { update } of retried) Y.applyUpdate(server, update);
    assert.equal(server.getText("default").toString(), again.doc.getText("default").toString());
  });
}

test("a change whose place is gone cannot be tried again, and stays set aside", async () => {
  const store = new DeviceStore();
  const { provider, outbox } = await opened({ store });
  sync();
  const other = new Y.Doc();
  write(other, "elsewhere ");
  const before = Y.encodeStateVector(other);
  other.getText("default").insert(3, "words");
  const update = Y.encodeStateAsUpdate(other, before);
  const parked = { id: "p", order: 1, update, vector: EMPTY_VECTOR, edits: 1 };
  const refused = { ...parked, text: "words", code: "malformed", message: "No." };
  await store.replace([], [], [refused]);
  assert.equal(await provider.retry(refused), false);
  assert.equal((await outbox.loadParked()).length, 1);
  await outbox.giveUp(["p"]);
  assert.deepEqual(await outbox.loadParked(), []);
});

test("an edit that cannot be sent at any size is set aside without being sent", async () => {
  const limits = { updateBytes: 1_000, documentBytes: 1_000_000 };
  const { provider, doc } = await opened({ store: new DeviceStore(), limits });
  sync();
  doc.getMap("m").set("key", "x".repeat(2_000));
  provider.flush();
  await settled();
  assert.deepEqual(sentOperations(), []);
  assert.equal(provider.state.stopped?.reason, "renewal");
});

test("what is not stored for a few seconds counts as only in the page, and not before", async () => {
  const store = new DeviceStore();
  store.put = () => new Promise(() => {});
  const { provider, doc } = await opened({ store });
  sync();
  write(doc, "a");
  assert.equal(provider.state.stored, false);
  mock.timers.tick(2_999);
  assert.equal(provider.state.kept, true);
  mock.timers.tick(1);
  assert.equal(provider.state.kept, false);
});

test("a large edit goes in pieces, as much at a time as the server has room for", async () => {
  const limits = { updateBytes: 10_000, documentBytes: 1_000_000 };
  const { provider, doc } = await opened({ store: new DeviceStore(), limits });
  sync();
  write(doc, "x".repeat(50_000));
  provider.flush();
  await settled();
  assert.equal(provider.state.stopped, null);
  assert.equal(provider.state.unsaved, 1);
  const server = new Y.Doc();
  const operations = sentOperations();
  assert.ok(operations.length > 10);
  for (const { id, update } of operations) {
    assert.ok(update.length < 10_000);
    Y.applyUpdate(server, update);
    assert.equal(server.store.pendingStructs, null);
    FakeSocket.last.receive(ack(id, ACK_STAGE.PERSISTED));
  }
  assert.equal(server.getText("default").length, 50_000);
  assert.equal(provider.state.unsaved, 0);
});

test("an edit for which the document has no room goes whole, and is refused as one", async () => {
  const limits = { updateBytes: 200_000, documentBytes: 40_000 };
  const { provider, doc } = await opened({ store: new DeviceStore(), limits });
  sync();
  write(doc, "x".repeat(60_000));
  provider.flush();
  assert.equal(sentOperations().length, 1);
});

test("a right that the server tells holds, whatever REST says, until the connection ends", async () => {
  const { provider, doc } = await opened();
  const changed = mock.fn();
  provider.addEventListener("denied", changed);
  FakeSocket.last.receive(event({ type: "rights", write: true }));
  assert.equal(changed.mock.callCount(), 0, "it is what the page has");
  sync();
  FakeSocket.last.receive(event({ type: "rights", write: false }));
  assert.equal(provider.state.writable, false);
  assert.equal(changed.mock.callCount(), 1);
  provider.setWritable(true);
  assert.equal(provider.state.writable, false);
  write(doc, "typed meanwhile");
  provider.flush();
  assert.deepEqual(sentOperations(), []);
  assert.equal(provider.state.unsaved, 1);
  FakeSocket.last.receive(event({ type: "rights", write: true }));
  assert.equal(sentOperations().length, 1, "it is sent at once");
  FakeSocket.last.end(1006);
  provider.setWritable(false);
  assert.equal(provider.state.writable, false);
});

test("what was not stored can be copied, and discarded", async () => {
  const store = new DeviceStore();
  const { provider, doc } = await opened({ store });
  sync();
  FakeSocket.last.receive(event({ type: "rights", write: false }));
  const block = new Y.XmlElement("paragraph");
  block.insert(0, [new Y.XmlText("Words")]);
  doc.getXmlFragment("default").push([block]);
  assert.equal(await provider.unsavedText(), "Words");
  await provider.discardUnsaved();
  assert.deepEqual(await store.load(), []);
});

test("without a store on the device, a refused client id stops the page with its changes", async () => {
  const { provider, doc } = await opened();
  sync();
  write(doc, "Words");
  provider.flush();
  const id = String(sentOperations()[0]?.id);
  FakeSocket.last.receive(reject(id, "foreign_client", "Use a new client id."));
  assert.equal(provider.state.stopped?.reason, "refused");
  assert.equal(provider.state.unsaved, 1);
});

test("an operation that is followed is merged with its origin, and its end reported", async () => {
  const { provider, doc } = await opened();
  sync();
  const origin = Symbol("restore");
  const origins = /** @type {unknown[]} */ ([]);
  doc.on("update", (/** @type {Uint8Array} */ _update, /** @type {unknown} */ by) =>
    origins.push(by),
  );
  const followed = provider.follow("mine", origin);
  const other = new Y.Doc();
  write(other, "Made by the server");
  const [vector, update] = [Y.encodeStateVector(other), Y.encodeStateAsUpdate(other)];
  FakeSocket.last.receive(broadcast("mine", vector, update, 3));
  assert.equal(await followed, true);
  assert.deepEqual(origins, [origin]);
  assert.equal(provider.seq, 3);
});

/** @param {Record<string, unknown>} event */
function event(event) {
  return frame(FRAME.EVENT, (encoder) => encoding.writeVarString(encoder, JSON.stringify(event)));
}

test("letters go out at the cadence that the server tells, until the connection ends", async () => {
  const { provider, doc } = await opened();
  sync();
  write(doc, "a");
  assert.equal(sentOperations().length, 0);
  FakeSocket.last.receive(event({ type: "cadence", pause_ms: 0, interval_ms: 84, characters: 20 }));
  assert.equal(sentOperations().length, 1);
  FakeSocket.last.receive(event({ type: "of a later release" }));
  mock.timers.tick(84);
  write(doc, "b");
  assert.equal(sentOperations().length, 2);
  FakeSocket.last.end(1006);
  write(doc, "c");
  assert.equal(provider.state.unsaved, 3);
});

test("the own caret is sent after the letters that it points into", async () => {
  const { provider, doc } = await opened();
  sync();
  write(doc, "a");
  const carets = () => sentFrames().filter(({ kind }) => kind === "awareness").length;
  const before = carets();
  provider.awareness.setLocalStateField("cursor", null);
  mock.timers.tick(100);
  assert.equal(carets(), before);
  mock.timers.tick(100);
  assert.deepEqual(
    sentFrames()
      .slice(-2)
      .map(({ kind }) => kind),
    ["operation", "awareness"],
  );
  provider.awareness.setLocalStateField("cursor", null);
  mock.timers.tick(100);
  assert.equal(carets(), before + 2);
});

test("following ends without the operation when the connection ends", async () => {
  const { provider } = await opened();
  assert.equal(await provider.follow("early", null), false, "not in sync");
  sync();
  const followed = provider.follow("mine", null);
  FakeSocket.last.end(CLOSE.TRY_AGAIN);
  assert.equal(await followed, false);
});

test("an operation that is pending here makes the page ask for what it lacks", async () => {
  await opened();
  sync();
  const other = new Y.Doc();
  write(other, "first ");
  const before = Y.encodeStateVector(other);
  write(other, "second ");
  const update = Y.encodeStateAsUpdate(other, before);
  const asked = () => sentFrames().filter(({ kind }) => kind === "sync-step-1").length;
  const count = asked();
  FakeSocket.last.receive(broadcast("b", Y.encodeStateVector(other), update, 2));
  assert.equal(asked(), count + 1);
});

test("coversVector: every client's clock is reached", () => {
  const doc = new Y.Doc();
  const other = new Y.Doc();
  write(doc, "one");
  write(other, "two");
  assert.ok(coversVector(doc, EMPTY_VECTOR));
  assert.ok(coversVector(doc, Y.encodeStateVector(doc)));
  assert.ok(!coversVector(doc, Y.encodeStateVector(other)));
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
  assert.ok(coversVector(doc, Y.encodeStateVector(other)));
});

test("the send window is bounded, moves with acknowledgements and notices their absence", async () => {
  const outbox = await Outbox.open(new MemoryStore());
  const sent = /** @type {string[]} */ ([]);
  const onTimeout = mock.fn();
  const window = new SendWindow(outbox, ({ id }) => sent.push(id), onTimeout);
  for (let number = 0; number < MAX_IN_FLIGHT + 2; number += 1) {
    outbox.markSent(outbox.add(updateOf("x"), EMPTY_VECTOR, 1).id);
  }
  const ids = outbox.operations.map(({ id }) => id);
  window.fill();
  window.fill();
  assert.deepEqual(sent, ids.slice(0, MAX_IN_FLIGHT));
  mock.timers.tick(ACK_TIMEOUT_MS - 1);
  window.acknowledge(String(ids[0]));
  window.fill();
  assert.deepEqual(sent, ids.slice(0, MAX_IN_FLIGHT + 1));
  mock.timers.tick(ACK_TIMEOUT_MS - 1);
  assert.equal(onTimeout.mock.callCount(), 0, "each acknowledgement starts the wait again");
  mock.timers.tick(1);
  assert.equal(onTimeout.mock.callCount(), 1);
  window.clear();
  window.fill();
  assert.equal(sent.length, MAX_IN_FLIGHT + 1 + MAX_IN_FLIGHT);
});

test("few bytes are in flight at once, but an operation of any size goes", async () => {
  const outbox = await Outbox.open(new MemoryStore());
  const sent = /** @type {string[]} */ ([]);
  const window = new SendWindow(
    outbox,
    ({ id }) => sent.push(id),
    () => {},
  );
  const half = updateOf("x".repeat(MAX_BYTES_IN_FLIGHT / 2 + 1));
  for (const update of [half, half, updateOf("x".repeat(MAX_BYTES_IN_FLIGHT * 2))]) {
    outbox.add(update, EMPTY_VECTOR, 1);
  }
  const ids = outbox.operations.map(({ id }) => id);
  for (let count = 1; count <= 3; count += 1) {
    window.fill();
    window.fill();
    assert.deepEqual(sent, ids.slice(0, count));
    window.acknowledge(String(ids[count - 1]));
  }
  window.clear();
});
