import { afterEach, beforeEach, mock } from "node:test";
import { MemoryStore } from "../../static/js/sync/operation_store.js";
import { Outbox } from "../../static/js/sync/outbox.js";
import { Provider } from "../../static/js/sync/provider.js";
import {
  FRAME,
  SYNC,
  decodeFrame,
  encodeOperation,
  encodeSyncStep1,
} from "../../static/js/sync/wire.js";
import { Y, encoding } from "../../static/vendor/yjs.js";
import { FakeSocket, installFakeSocket } from "./fake_socket.mjs";

installFakeSocket();

export const EMPTY_VECTOR = new Uint8Array([0]);

/**
 * @param {number} type
 * @param {(encoder: encoding.Encoder) => void} write
 */
export function frame(type, write) {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, type);
  write(encoder);
  return encoding.toUint8Array(encoder);
}

/** @param {Uint8Array} update */
export function syncStep2(update) {
  return frame(FRAME.SYNC, (encoder) => {
    encoding.writeVarUint(encoder, SYNC.STEP_2);
    encoding.writeVarUint8Array(encoder, update);
  });
}

/** @param {string} id @param {number} stage */
export function ack(id, stage) {
  return frame(FRAME.ACK, (encoder) => {
    encoding.writeVarString(encoder, id);
    encoding.writeVarUint(encoder, stage);
    encoding.writeVarUint(encoder, 1);
  });
}

/** @param {string} id @param {string} code @param {string} message */
export function reject(id, code, message) {
  return frame(FRAME.REJECT, (encoder) => {
    for (const text of [id, code, message]) encoding.writeVarString(encoder, text);
  });
}

/** @param {string} id @param {Uint8Array} vector @param {Uint8Array} update @param {number} seq */
export function broadcast(id, vector, update, seq) {
  const sent = encodeOperation("d", { id, vector, update });
  const tail = encoding.createEncoder();
  encoding.writeVarUint(tail, seq);
  encoding.writeVarString(tail, "7");
  return new Uint8Array([...sent, ...encoding.toUint8Array(tail)]);
}

/** @returns {import("../../static/js/sync/wire.js").Frame[]} */
export function sentFrames() {
  return FakeSocket.last.sent.map((bytes) => {
    // The server adds a seq and an author to an operation; the client's has neither.
    const isOperation = bytes[0] === FRAME.OPERATION;
    return decodeFrame(isOperation ? new Uint8Array([...bytes, 0, 0]) : bytes);
  });
}

export function sentOperations() {
  return sentFrames().flatMap((sent) => (sent.kind === "operation" ? [sent] : []));
}

/** @param {Y.Doc} doc @param {string} text */
export function write(doc, text) {
  doc.getText("default").insert(0, text);
}

/** @type {Provider[]} */
let providers = [];

/** A store as on a device: what it has outlives the page. */
export class DeviceStore extends MemoryStore {
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
export async function opened({
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
export function sync(server = new Y.Doc()) {
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

/** @param {string} text */
export function updateOf(text) {
  const doc = new Y.Doc();
  write(doc, text);
  return Y.encodeStateAsUpdate(doc);
}

/** @param {Record<string, unknown>} event */
export function event(event) {
  return frame(FRAME.EVENT, (encoder) => encoding.writeVarString(encoder, JSON.stringify(event)));
}
