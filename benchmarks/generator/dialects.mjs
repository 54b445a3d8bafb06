// How each kind of server says what y-protocols says. A dialect has
//   open(client)            called when the socket is open
//   message(client, bytes)  called for each binary frame
//   update(client, update)  the frame that carries an update
//   caret(client, clock, state)  the frame that carries an awareness state
// and calls client.onSync, client.onUpdate, client.onCaret and client.onAck.
import * as dec from "lib0/decoding";
import * as enc from "lib0/encoding";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";

const SYNC = 0;
const AWARENESS = 1;
const OPERATION = 100;
const ACK = 101;
const PERSISTED = 1;

/** Return a frame: what goes before each, its type, its body. */
function frame(head, type, body) {
  const encoder = enc.createEncoder();
  head?.(encoder);
  enc.writeVarUint(encoder, type);
  body(encoder);
  return enc.toUint8Array(encoder);
}

const step1 = (client, head) =>
  frame(head, SYNC, (encoder) => sync.writeSyncStep1(encoder, client.doc));
const updateFrame = (update, head) =>
  frame(head, SYNC, (encoder) => sync.writeUpdate(encoder, update));

/** Return the answer to a sync step 1: all that the other side lacks. */
export const step2 = (client, vector, head) =>
  frame(head, SYNC, (encoder) => {
    enc.writeVarUint(encoder, 1);
    enc.writeVarUint8Array(encoder, Y.encodeStateAsUpdate(client.doc, vector));
  });

function caretFrame(client, clock, state, head) {
  const body = enc.createEncoder();
  enc.writeVarUint(body, 1);
  enc.writeVarUint(body, client.doc.clientID);
  enc.writeVarUint(body, clock);
  enc.writeVarString(body, JSON.stringify({ user: { name: "bench", color: "#808080" }, ...state }));
  return frame(head, AWARENESS, (encoder) =>
    enc.writeVarUint8Array(encoder, enc.toUint8Array(body)),
  );
}

function readCarets(decoder, client) {
  const states = dec.createDecoder(dec.readVarUint8Array(decoder));
  for (let left = dec.readVarUint(states); left > 0; left--) {
    dec.readVarUint(states);
    dec.readVarUint(states);
    client.onCaret(JSON.parse(dec.readVarString(states)));
  }
}

const stock = {
  open(client) {
    client.send(step1(client));
    client.send(caretFrame(client, 1, {}));
  },
  message(client, bytes) {
    const decoder = dec.createDecoder(bytes);
    const type = dec.readVarUint(decoder);
    if (type === SYNC) client.onSync(decoder);
    else if (type === AWARENESS && client.onCaret) readCarets(decoder, client);
  },
  update: (_client, update) => updateFrame(update),
  caret: caretFrame,
};

/** Scriptorium's own dialect: operations with ids, and acks. */
const native = {
  ...stock,
  subprotocol: "scriptorium.v1",
  acks: "persisted",
  message(client, bytes) {
    const decoder = dec.createDecoder(bytes);
    const type = dec.readVarUint(decoder);
    if (type === OPERATION) {
      dec.readVarString(decoder);
      dec.readVarString(decoder);
      dec.readVarUint8Array(decoder);
      client.onUpdate(dec.readVarUint8Array(decoder));
    } else if (type === ACK) {
      const id = dec.readVarString(decoder);
      if (dec.readVarUint(decoder) === PERSISTED) client.onAck(id);
    } else if (type === SYNC) client.onSync(decoder);
    else if (type === AWARENESS && client.onCaret) readCarets(decoder, client);
  },
  update(client, update, id) {
    return frame(null, OPERATION, (encoder) => {
      enc.writeVarString(encoder, client.documentId);
      enc.writeVarString(encoder, id);
      enc.writeVarUint8Array(encoder, Y.encodeStateVector(client.doc));
      enc.writeVarUint8Array(encoder, update);
    });
  },
};

/** Hocuspocus: the document's name before each frame. Its ack says "received", in order. */
const hocuspocus = {
  acks: "received",
  head: (client) => (client.head ??= (encoder) => enc.writeVarString(encoder, client.room)),
  open(client) {
    client.send(
      frame(this.head(client), 2, (encoder) => {
        enc.writeVarUint(encoder, 0);
        enc.writeVarString(encoder, "bench");
      }),
    );
  },
  message(client, bytes) {
    const decoder = dec.createDecoder(bytes);
    dec.readVarString(decoder);
    const type = dec.readVarUint(decoder);
    if (type === SYNC || type === 4) client.onSync(decoder, this.head(client));
    else if (type === AWARENESS && client.onCaret) readCarets(decoder, client);
    else if (type === 8) {
      if (dec.readVarUint(decoder) === 1) client.onAck();
    } else if (type === 2) this.onAuth(client, dec.readVarUint(decoder));
  },
  onAuth(client, answer) {
    if (answer === 1) return client.fail(new Error("permission denied"));
    if (answer !== 2) return;
    client.send(step1(client, this.head(client)));
    client.send(caretFrame(client, 1, {}, this.head(client)));
  },
  update(client, update) {
    return updateFrame(update, this.head(client));
  },
  caret(client, clock, state) {
    return caretFrame(client, clock, state, this.head(client));
  },
};

export const dialects = { stock, native, hocuspocus };
