/**
 * Frames of the document socket: lib0 encoding, a superset of y-protocols (docs/protocol.md).
 *
 * Pure: bytes in, values out. A test compares the constants with the server's.
 */
import { decoding, encoding } from "../../vendor/yjs.js";

/** Subprotocol of a client that speaks the frames 100 and up. */
export const SUBPROTOCOL = "scriptorium.v1";
/** Prefix of the access token in the second offered subprotocol. */
export const TOKEN_SUBPROTOCOL_PREFIX = "jwt.";

export const FRAME = Object.freeze({
  SYNC: 0,
  AWARENESS: 1,
  AUTH: 2,
  QUERY_AWARENESS: 3,
  OPERATION: 100,
  ACK: 101,
  REJECT: 102,
  TOKEN: 103,
  EVENT: 104,
});

export const SYNC = Object.freeze({ STEP_1: 0, STEP_2: 1, UPDATE: 2 });

export const ACK_STAGE = Object.freeze({ RECEIVED: 0, PERSISTED: 1, DUPLICATE: 2 });

export const CLOSE = Object.freeze({
  MALFORMED: 4400,
  NOT_AUTHENTICATED: 4401,
  FORBIDDEN: 4403,
  NOT_FOUND: 4404,
  OTHER_LINEAGE: 4409,
  TOO_LARGE: 4413,
  QUARANTINED: 4423,
  TRY_AGAIN: 1013,
  GOING_DOWN: 1012,
});

/**
 * One frame of the server, decoded.
 * @typedef {{kind: "sync-step-1", vector: Uint8Array}
 *   | {kind: "sync-step-2" | "sync-update", update: Uint8Array}
 *   | {kind: "awareness", update: Uint8Array}
 *   | {kind: "query-awareness"}
 *   | {kind: "denied", reason: string}
 *   | {kind: "operation", documentId: string, id: string, vector: Uint8Array, update: Uint8Array,
 *      seq: number, authorId: string}
 *   | {kind: "ack", id: string, stage: number, seq: number}
 *   | {kind: "reject", id: string, code: string, message: string}
 *   | {kind: "token", expiresInS: number}
 *   | {kind: "event", event: Record<string, unknown>}
 *   | {kind: "unknown", type: number}} Frame
 */

/**
 * Encode a frame: its type, then what `write` adds.
 * @param {number} type
 * @param {(encoder: encoding.Encoder) => void} write
 * @returns {Uint8Array<ArrayBuffer>}
 */
function frame(type, write) {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, type);
  write(encoder);
  return /** @type {Uint8Array<ArrayBuffer>} */ (encoding.toUint8Array(encoder));
}

/**
 * Encode sync step 1: the own state vector, which asks for the updates that it lacks.
 * @param {Uint8Array} vector
 */
export function encodeSyncStep1(vector) {
  return frame(FRAME.SYNC, (encoder) => {
    encoding.writeVarUint(encoder, SYNC.STEP_1);
    encoding.writeVarUint8Array(encoder, vector);
  });
}

/**
 * Encode an awareness update (y-protocols).
 * @param {Uint8Array} update
 */
export function encodeAwareness(update) {
  return frame(FRAME.AWARENESS, (encoder) => encoding.writeVarUint8Array(encoder, update));
}

/** Encode the question for the awareness states of all clients. */
export function encodeQueryAwareness() {
  return frame(FRAME.QUERY_AWARENESS, () => {});
}

/**
 * Encode one operation, with its copy map if it has one.
 * @param {string} documentId
 * @param {{id: string, vector: Uint8Array, update: Uint8Array, copies?: import("./copies.js").Copy[]}} operation
 */
export function encodeOperation(documentId, operation) {
  return frame(FRAME.OPERATION, (encoder) => {
    encoding.writeVarString(encoder, documentId);
    encoding.writeVarString(encoder, operation.id);
    encoding.writeVarUint8Array(encoder, operation.vector);
    encoding.writeVarUint8Array(encoder, operation.update);
    if (operation.copies?.length) {
      encoding.writeVarUint8Array(encoder, encodeCopies(operation.copies));
    }
  });
}

/**
 * Encode a copy map.
 * @param {import("./copies.js").Copy[]} copies
 */
export function encodeCopies(copies) {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, copies.length);
  for (const number of copies.flat()) encoding.writeVarUint(encoder, number);
  return encoding.toUint8Array(encoder);
}

/**
 * Encode a new access token for the open connection.
 * @param {string} access
 */
export function encodeToken(access) {
  return frame(FRAME.TOKEN, (encoder) => encoding.writeVarString(encoder, access));
}

/**
 * Decode one frame. Throws on a truncated one.
 * @param {Uint8Array} bytes
 * @returns {Frame}
 */
export function decodeFrame(bytes) {
  const decoder = decoding.createDecoder(bytes);
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case FRAME.SYNC:
      return decodeSync(decoder);
    case FRAME.AWARENESS:
      return { kind: "awareness", update: decoding.readVarUint8Array(decoder) };
    case FRAME.QUERY_AWARENESS:
      return { kind: "query-awareness" };
    case FRAME.AUTH:
      decoding.readVarUint(decoder);
      return { kind: "denied", reason: decoding.readVarString(decoder) };
    case FRAME.OPERATION:
      return {
        kind: "operation",
        documentId: decoding.readVarString(decoder),
        id: decoding.readVarString(decoder),
        vector: decoding.readVarUint8Array(decoder),
        update: decoding.readVarUint8Array(decoder),
        seq: decoding.readVarUint(decoder),
        authorId: decoding.readVarString(decoder),
      };
    case FRAME.ACK:
      return {
        kind: "ack",
        id: decoding.readVarString(decoder),
        stage: decoding.readVarUint(decoder),
        seq: decoding.readVarUint(decoder),
      };
    case FRAME.REJECT:
      return {
        kind: "reject",
        id: decoding.readVarString(decoder),
        code: decoding.readVarString(decoder),
        message: decoding.readVarString(decoder),
      };
    case FRAME.TOKEN:
      return { kind: "token", expiresInS: decoding.readVarUint(decoder) };
    case FRAME.EVENT:
      return { kind: "event", event: JSON.parse(decoding.readVarString(decoder)) };
    default:
      return { kind: "unknown", type };
  }
}

/**
 * Decode the body of a sync frame.
 * @param {decoding.Decoder} decoder
 * @returns {Frame}
 */
function decodeSync(decoder) {
  const step = decoding.readVarUint(decoder);
  const body = decoding.readVarUint8Array(decoder);
  if (step === SYNC.STEP_1) return { kind: "sync-step-1", vector: body };
  if (step === SYNC.STEP_2) return { kind: "sync-step-2", update: body };
  if (step === SYNC.UPDATE) return { kind: "sync-update", update: body };
  throw new Error(`unknown sync step ${step}`);
}
