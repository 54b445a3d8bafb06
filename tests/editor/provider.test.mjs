/** The provider with a fake server: reconciliation, acknowledgements, presence. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ACK_STAGE, CLOSE, encodeSyncStep1 } from "../../static/js/sync/wire.js";
import { Y } from "../../static/vendor/yjs.js";
import { FakeSocket, settled } from "./fake_socket.mjs";
import {
  EMPTY_VECTOR,
  syncStep2,
  ack,
  broadcast,
  sentFrames,
  sentOperations,
  write,
  DeviceStore,
  opened,
  sync,
  updateOf,
  event,
} from "./provider_page.mjs";

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

test("a viewer sends nothing, and edits wait until the right is back", async () => {
  const { provider, doc } = await opened({ writable: false });
  sync();
  write(doc, "Words");
  provider.flush();
  assert.deepEqual(sentOperations(), []);
  provider.setWritable(true);
  assert.equal(sentOperations().length, 1);
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
