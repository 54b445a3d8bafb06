/** The frame codec: golden bytes, truncation, unknown types. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decoding, encoding } from "../../static/vendor/yjs.js";
import * as wire from "../../static/js/sync/wire.js";

const bytes = (/** @type {number[]} */ ...values) => Uint8Array.from(values);

test("an operation is documentId, uniqueId, version vector, update", () => {
  const frame = wire.encodeOperation("d", { id: "u", vector: bytes(0), update: bytes(1, 2) });
  assert.deepEqual([...frame], [100, 1, 100, 1, 117, 1, 0, 2, 1, 2]);
});

test("sync step 1, awareness, query and token have their golden bytes", () => {
  assert.deepEqual([...wire.encodeSyncStep1(bytes(0))], [0, 0, 1, 0]);
  assert.deepEqual([...wire.encodeAwareness(bytes(7))], [1, 1, 7]);
  assert.deepEqual([...wire.encodeQueryAwareness()], [3]);
  assert.deepEqual([...wire.encodeToken("ab")], [103, 2, 97, 98]);
});

test("the server's operation is read with seq and author", () => {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 100);
  encoding.writeVarString(encoder, "doc");
  encoding.writeVarString(encoder, "id");
  encoding.writeVarUint8Array(encoder, bytes(0));
  encoding.writeVarUint8Array(encoder, bytes(9, 9));
  encoding.writeVarUint(encoder, 300);
  encoding.writeVarString(encoder, "7");
  assert.deepEqual(wire.decodeFrame(encoding.toUint8Array(encoder)), {
    kind: "operation",
    documentId: "doc",
    id: "id",
    vector: bytes(0),
    update: bytes(9, 9),
    seq: 300,
    authorId: "7",
  });
});

test("ack, reject, denied and token are read", () => {
  assert.deepEqual(wire.decodeFrame(bytes(101, 1, 97, 1, 5)), {
    kind: "ack",
    id: "a",
    stage: wire.ACK_STAGE.PERSISTED,
    seq: 5,
  });
  assert.deepEqual(wire.decodeFrame(bytes(102, 1, 97, 1, 98, 1, 99)), {
    kind: "reject",
    id: "a",
    code: "b",
    message: "c",
  });
  assert.deepEqual(wire.decodeFrame(bytes(2, 0, 1, 97)), { kind: "denied", reason: "a" });
  assert.deepEqual(wire.decodeFrame(bytes(103, 60)), { kind: "token", expiresInS: 60 });
});

test("a truncated frame throws, an unknown type does not", () => {
  assert.throws(() => wire.decodeFrame(bytes(0, 2, 9, 1)));
  assert.throws(() => wire.decodeFrame(bytes(0, 7, 0)), /unknown sync step/);
  assert.deepEqual(wire.decodeFrame(bytes(99)), { kind: "unknown", type: 99 });
});

test("lib0 reads the encoded frames", () => {
  const frame = wire.encodeOperation("dok-ü", { id: "i", vector: bytes(), update: bytes(1) });
  const decoder = decoding.createDecoder(frame);
  assert.equal(decoding.readVarUint(decoder), wire.FRAME.OPERATION);
  assert.equal(decoding.readVarString(decoder), "dok-ü");
});
