/** The provider with a fake server that refuses operations. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ACK_STAGE } from "../../static/js/sync/wire.js";
import { Y } from "../../static/vendor/yjs.js";
import { FakeSocket, settled } from "./fake_socket.mjs";
import {
  EMPTY_VECTOR,
  ack,
  reject,
  sentOperations,
  write,
  DeviceStore,
  opened,
  sync,
  event,
} from "./provider_page.mjs";

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

/**
 * Send three operations, of which the server acknowledges the first and refuses the second.
 * @param {number} stage of the first one
 * @param {string} code
 * @param {string} message
 */
async function secondRefused(stage, code, message) {
  const store = new DeviceStore();
  const { provider, doc } = await opened({ store });
  sync();
  for (const words of ["first ", "second ", "third "]) {
    write(doc, words);
    provider.flush();
  }
  const [first, second] = sentOperations();
  assert.ok(first && second);
  FakeSocket.last.receive(ack(first.id, stage));
  FakeSocket.last.receive(reject(second.id, code, message));
  assert.equal(provider.state.stopped?.reason, "renewal");
  return { store, provider, doc, first, second };
}

for (const code of ["foreign_client", "content_conflict"]) {
  test(`what was refused with ${code} is written again under a new client id`, async () => {
    const { store, provider, doc, first, second } = await secondRefused(
      ACK_STAGE.RECEIVED,
      code,
      "Use a new client id.",
    );
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
    const { store, provider, doc, first } = await secondRefused(
      ACK_STAGE.PERSISTED,
      code,
      "Not like this.",
    );
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
