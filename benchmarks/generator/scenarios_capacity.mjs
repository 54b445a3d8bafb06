// S14: how many edits a second a server takes in many documents.
import { Client, closeAll, openAll, settle } from "./client.mjs";
import { delays, letter } from "./numbers.mjs";
import { Meter } from "./server.mjs";
import { atRate, now, until } from "./waiting.mjs";

/** Share of a core that is wanted of the server, and how many rates are tried until it is reached. */
const WANTED_PCT = 80;
const STEPS = 10;
/** From this share of a core on the generator is the limit, not the server. */
const GENERATOR_MOST_PCT = 97;

/**
 * S14: 1,000 documents with two people each. One of them types a letter each second, then as many
 * as it takes until the server is at 80 % of its core. `updates_per_cpu_s` is the result.
 */
export async function s14(run, tell) {
  const [count, seconds] = run.quick ? [250, 3] : [1000, 8];
  await run.begin();
  const pairs = new Pairs(await run.rooms(count));
  await pairs.open(run);
  const slow = await pairs.type(run, count, seconds);
  tell(`${count} documents, a key each second`, slow);
  let rate = count;
  let reached = slow;
  for (let step = 0; step < STEPS && !isFull(reached); step++) {
    rate *= Math.min(2, Math.max(1.15, (WANTED_PCT + 3) / Math.max(1, reached.cpu_pct)));
    reached = await pairs.type(run, rate, seconds);
  }
  const { updates_per_s, cpu_s } = reached;
  tell(`${count} documents, ${WANTED_PCT} % of a core`, {
    updates_per_s,
    updates_per_cpu_s: (updates_per_s * reached.seconds) / cpu_s,
    ...reached,
  });
  pairs.close();
}

const isFull = ({ cpu_pct, generator_cpu_pct }) =>
  cpu_pct >= WANTED_PCT || generator_cpu_pct >= GENERATOR_MOST_PCT;

/** A writer and a reader in each document. Neither applies what comes: it is read for its clocks. */
class Pairs {
  constructor(rooms) {
    Object.assign(this, { rooms, writers: [], readers: [], late: [], begun: [] });
  }

  async open(run) {
    const { rooms } = this;
    this.writers = await openAll(
      rooms.length,
      (number) => new Client(run, rooms[number], { mode: "meta" }),
    );
    this.readers = await openAll(
      rooms.length,
      (number) => new Client(run, rooms[number], { mode: "meta", onMeta: this.#onMeta(number) }),
    );
    await settle([...this.writers, ...this.readers]);
  }

  #onMeta(number) {
    const writer = this.writers[number];
    const id = writer.doc.clientID;
    return (_client, from, to) => {
      const at = now();
      const begin = Math.max(from.get(id) ?? 0, this.begun[number] ?? 0);
      for (let clock = begin; clock < (to.get(id) ?? 0); clock++)
        this.late.push(at - writer.sentAt[clock]);
    };
  }

  /** Type so many letters a second, spread over all documents; return metrics. */
  async type(run, perSecond, seconds) {
    const { writers } = this;
    const write = (number) => writers[number % writers.length].type(letter(number));
    await atRate(Math.round(perSecond), 1000 / perSecond, write); // until the rate has settled
    await settle(this.readers, 200, 5000);
    this.late = [];
    this.begun = writers.map((writer) => writer.clock()); // what is still on its way does not count
    const keys = Math.round(perSecond * seconds);
    const meter = new Meter(run.server);
    const begun = now();
    await atRate(keys, 1000 / perSecond, write);
    const used = meter.stop();
    const took = (now() - begun) / 1000;
    await until(() => this.late.length >= keys, 10000);
    return {
      ...delays("latency", this.late),
      updates_per_s: keys / took,
      seconds: took,
      lost: keys - this.late.length,
      rss_mib: run.server.memoryMib(),
      ...used,
    };
  }

  close() {
    closeAll([...this.writers, ...this.readers]);
  }
}
