/**
 * What writing operations again needs: new client ids, new unique ids, and updates of structs. Pure.
 */
import { Y, encoding } from "../../vendor/yjs.js";

/** @typedef {{clock: number, len: number}} Range */
/** @typedef {Y.Item | Y.GC | Y.Skip} Struct */

/**
 * Return the client id that follows from a text: a number of 32 bits, its FNV-1a hash.
 * @param {string} text
 */
export function clientIdOf(text) {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    value = Math.imul(value ^ byte, 0x01000193);
  }
  return value >>> 0;
}

/**
 * Return the unique id of an operation that is written again: `a`, `a.1`, `a.2`.
 * @param {string} id
 */
export function renewedId(id) {
  const [, stem = id, count = "0"] = /^(.*)\.(\d+)$/.exec(id) ?? [];
  return `${stem}.${Number(count) + 1}`;
}

/**
 * Return the update of structs, in order for each client and without gaps, and of deletes.
 * @param {Iterable<Struct>} structs
 * @param {Map<number, Range[]>} deletes
 */
export function encodeUpdate(structs, deletes) {
  /** @type {Map<number, Struct[]>} */
  const byClient = new Map();
  for (const struct of structs) append(byClient, struct.id.client, struct);
  const encoder = new Y.UpdateEncoderV1();
  encoding.writeVarUint(encoder.restEncoder, byClient.size);
  for (const [client, own] of byClient) {
    encoding.writeVarUint(encoder.restEncoder, own.length);
    encoder.writeClient(client);
    encoding.writeVarUint(encoder.restEncoder, own[0]?.id.clock ?? 0);
    for (const struct of own) struct.write(encoder, 0);
  }
  writeDeletes(encoder.restEncoder, deletes);
  return encoder.toUint8Array();
}

/**
 * @param {encoding.Encoder} encoder
 * @param {Map<number, Range[]>} deletes
 */
function writeDeletes(encoder, deletes) {
  encoding.writeVarUint(encoder, deletes.size);
  for (const [client, ranges] of deletes) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, ranges.length);
    for (const { clock, len } of ranges) {
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarUint(encoder, len);
    }
  }
}

/**
 * Append a value to the list of a key.
 * @template Value
 * @param {Map<number, Value[]>} map
 * @param {number} key
 * @param {Value} value
 */
export function append(map, key, value) {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
