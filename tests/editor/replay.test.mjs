/** The state at any seq is the one that the log makes, in any order of requests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Y, encoding } from "../../static/vendor/yjs.js";
import { Replay, CHUNK_OPERATIONS, SupersededError } from "../../static/js/history/replay.js";

const PATH = "documents/x/";

/** A log of insertions and deletions, served as by the server; it records requests. */
class Served {
  /** @type {string[]} */
  asked = [];
  /** Awaited before each response. @type {Promise<unknown>} */
  gate = Promise.resolve();
  /** @type {Uint8Array[]} */
  updates = [];
  /** The text after each operation, the empty one first. */
  texts = [""];
  #doc = new Y.Doc();

  constructor() {
    this.#doc.on("update", (/** @type {Uint8Array} */ update) => this.updates.push(update));
  }

  /** @param {number} count */
  write(count) {
    const text = this.#doc.getText("t");
    for (let number = 0; number < count; number += 1) {
      const at = (this.updates.length * 7) % (text.length + 1);
      if (this.updates.length % 5 === 4) text.delete(0, 1);
      else text.insert(at, String.fromCharCode(97 + (this.updates.length % 26)));
      this.texts.push(text.toString());
    }
    return this;
  }

  /** @param {string} path */
  async bytes(path) {
    this.asked.push(path);
    await this.gate;
    const moment = /at\/(\d+)\/state/.exec(path);
    if (moment) return this.#state(Number(moment[1]));
    const [, after, limit] = /after=(\d+)&limit=(\d+)/.exec(path) ?? [];
    return this.#log(Number(after), Number(limit));
  }

  /** @param {number} seq */
  #state(seq) {
    const doc = new Y.Doc();
    for (const update of this.updates.slice(0, seq)) Y.applyUpdate(doc, update);
    return new Uint8Array(Y.encodeStateAsUpdate(doc));
  }

  /**
   * @param {number} after
   * @param {number} limit cut at 700, as a server cuts long answers
   */
  #log(after, limit) {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarString(encoder, "7");
    encoding.writeVarString(encoder, "ada");
    for (const update of this.updates.slice(after, after + Math.min(limit, 700))) {
      encoding.writeVarUint(encoder, 0);
      encoding.writeVarUint(encoder, 1_000 + after);
      encoding.writeVarUint8Array(encoder, update);
    }
    return encoding.toUint8Array(encoder);
  }
}

/**
 * @param {Replay} replay
 * @param {number} seq
 */
async function textAt(replay, seq) {
  return (await replay.at(seq)).getText("t").toString();
}

test("states are right back and forth, near and far", async () => {
  const served = new Served().write(2_600);
  const replay = new Replay(served, PATH, 2_600);
  const moments = [
    2600,
    2599,
    2598,
    3,
    4,
    0,
    1,
    CHUNK_OPERATIONS,
    CHUNK_OPERATIONS + 1,
    CHUNK_OPERATIONS - 1,
    2000,
    1999,
    2600,
  ];
  for (const seq of moments) assert.equal(await textAt(replay, seq), served.texts[seq], `${seq}`);
});

test("loaded operations are not requested again", async () => {
  const served = new Served().write(2_600);
  const replay = new Replay(served, PATH, 2_600);
  assert.equal(replay.has(2_600), false);
  await replay.prefetch(() => 2_600);
  const { length } = served.asked;
  assert.equal(replay.share(2_600), 1);
  for (let seq = 2_600; seq >= 0; seq -= 37) {
    assert.ok(replay.has(seq), `${seq}`);
    assert.equal(await textAt(replay, seq), served.texts[seq]);
  }
  assert.equal(served.asked.length, length);
  assert.equal(replay.mark(1)?.author.username, "ada");
});

test("an outdated request for a state has no result", async () => {
  const served = new Served().write(1_500);
  const replay = new Replay(served, PATH, 1_500);
  let open = () => {};
  served.gate = new Promise((resolve) => {
    open = () => resolve(undefined);
  });
  const late = assert.rejects(replay.at(1_400), SupersededError);
  const wanted = replay.at(0);
  open();
  assert.equal((await wanted).getText("t").toString(), "");
  await late;
});

test("a document that grows is played to its new end", async () => {
  const served = new Served().write(1_150);
  const replay = new Replay(served, PATH, 1_150);
  assert.equal(await textAt(replay, 1_150), served.texts[1_150]);
  served.write(40);
  replay.grow(1_190);
  assert.equal(replay.has(1_190), false);
  assert.equal(await textAt(replay, 1_190), served.texts[1_190]);
  assert.equal(await textAt(replay, 1_149), served.texts[1_149]);
});

test("a failed request is repeated when the state is requested again", async () => {
  const served = new Served().write(20);
  const replay = new Replay(served, PATH, 20);
  served.gate = Promise.reject(new Error("away"));
  await assert.rejects(replay.at(5), /away/);
  served.gate = Promise.resolve();
  assert.equal(await textAt(replay, 5), served.texts[5]);
});

test("a quarantined operation is no part of the document", async () => {
  const served = new Served().write(3);
  served.updates[2] = new Uint8Array();
  const replay = new Replay(served, PATH, 3);
  assert.equal(await textAt(replay, 3), served.texts[2]);
});

for (const start of [700, CHUNK_OPERATIONS, 1_700]) {
  test(`a log that begins after ${start} is played from there on`, async () => {
    const served = new Served().write(2_400);
    const replay = new Replay(served, PATH, 2_400, start);
    for (const seq of [2_400, start, start + 1, 2_100, start + 150, start]) {
      assert.equal(await textAt(replay, seq), served.texts[seq], String(seq));
    }
    await replay.prefetch(() => start);
    assert.equal(replay.share(start), 1);
    const before = served.asked.filter((path) => {
      const [, seq] = /(?:at\/|after=)(\d+)/.exec(path) ?? [];
      return Number(seq) < start;
    });
    assert.deepEqual(before, []);
  });
}
