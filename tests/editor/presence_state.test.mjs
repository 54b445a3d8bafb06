/** Malformed presence of other clients is left out, and never ends the connection. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { peopleOf, userOf } from "../../static/js/editor/presence.js";
import { AwarenessChannel } from "../../static/js/sync/awareness_channel.js";
import { encodeEntries, parsedState, readEntries } from "../../static/js/sync/presence_state.js";
import { Y, awarenessProtocol, encoding } from "../../static/vendor/yjs.js";
import { Y as BoundY, View, createDecorations } from "./bound_view.mjs";

const USER = { id: "7", username: "alan", name: "Alan" };
const POSITION = { type: null, tname: "default", item: { client: 5, clock: 3 }, assoc: -1 };
const CURSOR = { anchor: POSITION, head: POSITION };
const LARGEST = Number.MAX_SAFE_INTEGER;

/** @param {[number, number, string][]} entries client, clock and JSON as another client wrote it */
function rawUpdate(entries) {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, entries.length);
  for (const [client, clock, json] of entries) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, json);
  }
  return encoding.toUint8Array(encoder);
}

/** @param {unknown} state */
const json = (state) => JSON.stringify(state);

test("a state of the form stays as it is, and a client that leaves stays null", () => {
  const state = { user: USER, cursor: CURSOR, renamed: 1_700_000_000_000 };
  assert.deepEqual(parsedState(json(state)), state);
  assert.equal(parsedState("null"), null);
});

for (const text of [
  '{"user":NaN}',
  `{"user":${json(USER)},"x":Infinity}`,
  `{"user":${json(USER)},"x":-Infinity}`,
  "",
  "[]",
  "5",
  '"text"',
  "{}",
  '{"user":null}',
  '{"user":"alan"}',
  '{"user":{}}',
  '{"user":{"id":{"toString":1},"username":"a","name":"a"}}',
]) {
  test(`a state that is ${text.slice(0, 60) || "empty"} is left out`, () => {
    assert.equal(parsedState(text), undefined);
    const update = rawUpdate([
      [8, 1, text],
      [9, 1, json({ user: USER })],
    ]);
    assert.deepEqual(readEntries(update), [{ client: 9, clock: 1, state: { user: USER } }]);
  });
}

for (const cursor of [
  { anchor: null, head: null },
  { anchor: {}, head: {} },
  { anchor: POSITION },
  { anchor: { type: { client: "x", clock: 0 } }, head: POSITION },
  { anchor: { ...POSITION, item: { client: 1.5, clock: 0 } }, head: POSITION },
  { anchor: { ...POSITION, item: { client: -1, clock: 0 } }, head: POSITION },
  { anchor: { tname: "x".repeat(65) }, head: POSITION },
  { anchor: { ...POSITION, assoc: 1e300 }, head: POSITION },
  [],
  5,
  "text",
]) {
  test(`a cursor that is ${json(cursor).slice(0, 70)} is none`, () => {
    assert.deepEqual(parsedState(json({ user: USER, cursor })), { user: USER, cursor: null });
  });
}

test("a number that no integer is, and a field that no page needs, are left out", () => {
  const text = `{"user":${json({ ...USER, role: "owner" })},"renamed":1e999,"x":1e999}`;
  assert.deepEqual(parsedState(text), { user: USER });
});

test("a clock of any size is survived, and its client can still leave", () => {
  const state = json({ user: USER });
  const update = rawUpdate([
    [8, LARGEST, state],
    [9, LARGEST + 1, state],
    [10, LARGEST + 1, "null"],
  ]);
  const clients = readEntries(update).map(({ client, clock }) => [client, clock]);
  assert.deepEqual(clients, [
    [8, LARGEST],
    [10, LARGEST + 1],
  ]);
});

test("an update that is cut off, or nothing at all, gives the entries before the cut", () => {
  const whole = rawUpdate([
    [8, 1, json({ user: USER })],
    [9, 1, json({ user: USER })],
  ]);
  assert.equal(readEntries(whole.slice(0, whole.length - 3)).length, 1);
  assert.deepEqual(readEntries(new Uint8Array()), []);
  assert.deepEqual(readEntries(new Uint8Array(20).fill(255)), []);
});

/** A channel of a page, with the frames that it sends. */
function channel() {
  const doc = new Y.Doc();
  /** @type {Uint8Array[]} */
  const sent = [];
  const made = new AwarenessChannel(
    doc,
    (frame) => sent.push(frame),
    () => false,
  );
  made.awareness.setLocalState({ user: { id: "1" } });
  return { made, sent, own: doc.clientID };
}

test("nobody writes the own state, nor moves its clock away", () => {
  const { made, own } = channel();
  const { awareness } = made;
  const before = awareness.meta.get(own)?.clock ?? 0;
  for (const [clock, state] of [
    [before + 1, json({ user: USER })],
    [LARGEST, json({ user: USER })],
    [LARGEST - 2, "null"],
    [LARGEST + 1, "null"],
  ]) {
    made.receive(rawUpdate([[own, Number(clock), String(state)]]));
  }
  assert.deepEqual(awareness.getLocalState(), { user: { id: "1" } });
  assert.equal(awareness.meta.get(own)?.clock, before);
  made.close();
});

test("the server's report that the own client has ended is answered by a later clock", () => {
  const { made, own } = channel();
  const before = made.awareness.meta.get(own)?.clock ?? 0;
  made.receive(encodeEntries([{ client: own, clock: before + 1, state: null }]));
  assert.ok((made.awareness.meta.get(own)?.clock ?? 0) > before + 1);
  assert.notEqual(made.awareness.getLocalState(), null);
  made.close();
});

test("whoever comes back is seen at once", (context) => {
  const { made, own } = channel();
  const other = channel();
  context.after(() => [made, other.made].forEach((one) => one.close()));
  made.awareness.setLocalState({ user: USER });
  const tell = () =>
    other.made.receive(awarenessProtocol.encodeAwarenessUpdate(made.awareness, [own]));
  tell();
  assert.ok(other.made.awareness.getStates().has(own));
  const clock = made.awareness.meta.get(own)?.clock ?? 0;
  other.made.receive(encodeEntries([{ client: own, clock, state: null }]));
  assert.ok(!other.made.awareness.getStates().has(own));
  made.renewOwn();
  tell();
  assert.ok(other.made.awareness.getStates().has(own));
});

test("whoever is hidden stays: the server says who leaves", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const { made, own } = channel();
  made.receive(rawUpdate([[8, 1, json({ user: USER })]]));
  const [seen, self] = [made.awareness.meta.get(8), made.awareness.meta.get(own)];
  assert.ok(seen && self);
  // y-protocols drops a state 30 s after it was renewed.
  seen.lastUpdated = Date.now() - 29_000;
  self.lastUpdated = 0;
  context.mock.timers.tick(10_000);
  assert.ok(Date.now() - seen.lastUpdated < 10_000);
  assert.ok(made.awareness.getStates().has(8));
  made.close();
});

test("a listener that throws does not end the connection", (context) => {
  const { made } = channel();
  const report = context.mock.method(console, "error", () => {});
  made.awareness.on("change", (/** @type {unknown} */ _change, /** @type {unknown} */ origin) => {
    if (origin === made) throw new Error("a plugin");
  });
  made.receive(rawUpdate([[8, 1, json({ user: USER })]]));
  assert.equal(report.mock.callCount(), 1);
  made.close();
});

test("the list of people takes states of any form", () => {
  const self = { id: "1", username: "ada", name: "Ada" };
  const hostile = [null, {}, { user: 5 }, { user: { id: { toString: 1 }, name: [] } }];
  assert.deepEqual(peopleOf([...hostile, { user: USER }], self), [self, USER]);
  assert.deepEqual(userOf({ user: { id: 5, name: null } }), { id: "", username: "", name: "" });
});

test("a cursor that cannot be shown is left out, and the others are shown", () => {
  const written = new Y.Doc();
  written.clientID = 5;
  const block = new Y.XmlElement("paragraph");
  block.insert(0, [new Y.XmlText("words")]);
  written.getXmlFragment("default").push([block]);
  const view = new View(Y.encodeStateAsUpdate(written), 2);
  const throwing = {
    get cursor() {
      throw new Error("hostile");
    },
  };
  const states = new Map(
    /** @type {[number, any][]} */ ([
      [10, { user: USER, cursor: { anchor: null, head: null } }],
      [11, { user: USER, cursor: { anchor: { type: { client: "x" } }, head: {} } }],
      [12, { user: "alan", cursor: CURSOR }],
      [13, { user: USER, cursor: { anchor: { item: { client: 5, clock: -4 } }, head: POSITION } }],
      [14, { user: USER, cursor: { anchor: { item: { client: 5, clock: "x" } }, head: POSITION } }],
      [15, null],
      [16, 5],
      [17, throwing],
      [20, { user: { ...USER }, cursor: CURSOR }],
    ]),
  );
  const shown = createDecorations(
    view.state,
    { getStates: () => states },
    () => true,
    () => null,
    () => ({ class: "selection" }),
  );
  const clients = shown
    .find()
    .flatMap((/** @type {any} */ { spec }) => (spec.key === undefined ? [] : [spec.key]));
  assert.deepEqual(clients, ["20"]);
});

test("a cursor in letters that are not here yet stays where it was, and follows the text", () => {
  const written = new Y.Doc();
  written.clientID = 5;
  const block = new Y.XmlElement("paragraph");
  const text = new Y.XmlText("words");
  block.insert(0, [text]);
  written.getXmlFragment("default").push([block]);
  const view = new View(Y.encodeStateAsUpdate(written), 2);
  const at = (/** @type {number} */ index) => {
    const position = Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index));
    return { anchor: position, head: position };
  };
  const states = new Map(/** @type {[number, any][]} */ ([[20, { user: { ...USER } }]]));
  const awareness = { getStates: () => states };
  const place = (/** @type {any} */ cursor) => {
    states.set(20, { user: { ...USER }, cursor });
    const shown = createDecorations(
      view.state,
      awareness,
      () => true,
      () => null,
      () => ({ class: "selection" }),
    );
    return shown.find().find((/** @type {any} */ { spec }) => spec.key === "20")?.from ?? null;
  };
  const unknown = { item: { client: 99, clock: 3 } };
  const notHere = { anchor: unknown, head: unknown };
  assert.equal(place(notHere), null, "there was none before");
  assert.equal(place(at(3)), 4);
  assert.equal(place(notHere), 4);
  text.insert(0, "more ");
  BoundY.applyUpdate(view.doc, Y.encodeStateAsUpdate(written));
  assert.equal(place(notHere), 9);
  assert.equal(place(null), null);
  assert.equal(place(notHere), null, "a cursor that was taken away does not come back");
});
