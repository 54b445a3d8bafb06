// S1, S2, S3, S9, S11: people type, and others see it.
import { Client, closeAll, coldLoad, open, openAll, settle } from "./client.mjs";
import { delays, letter, median } from "./numbers.mjs";
import { Meter } from "./server.mjs";
import { atRate, now, sleep, until } from "./waiting.mjs";

/** S1: one writer, a key each 20 ms, and so many readers who apply what comes. */
export async function s1(run, tell) {
  await fanOut(run, tell, [1, 10, 100]);
}

/** G1: the same, with more and more readers. */
export async function g1(run, tell) {
  await fanOut(run, tell, [1, 3, 10, 30, 100, 300], { weigh: true });
}

async function fanOut(run, tell, counts, { weigh = false } = {}) {
  const keys = (run.quick ? 1.5 : 8) * 50;
  await run.begin();
  for (const count of counts) {
    const room = await run.room();
    const writer = await open(run, room);
    const readers = await openAll(count, () => new Client(run, room));
    await settle([writer, ...readers]);
    const late = [];
    readers.forEach((reader) => reader.watch(writer, (ms) => late.push(ms)));
    const meter = new Meter(run.server);
    await atRate(keys, 20, (number) => writer.type(letter(number)));
    const used = meter.stop();
    await until(() => late.length >= keys * count, 5000);
    const memory = weigh ? { rss_mib: run.server.memoryMib() } : {};
    tell(count === 1 ? "1 reader" : `${count} readers`, {
      ...delays("latency", late),
      lost: keys * count - late.length,
      ...memory,
      ...used,
    });
    closeAll([writer, ...readers]);
    await sleep(200);
  }
}

/**
 * S2: ten writers in one document, each with at most 32 letters that a probe has not yet got. All
 * but the last reader only read clocks, to keep this process off the critical path.
 */
export async function s2(run, tell) {
  await run.begin();
  const room = await run.room();
  const crowd = new Windows(32);
  crowd.probe = await open(run, room, { mode: "meta", onMeta: crowd.onMeta });
  const make = () => new Client(run, room, { mode: "meta", onMeta: crowd.onMeta });
  const writers = await openAll(10, make);
  const all = [crowd.probe, ...writers];
  await settle(all);
  const measured = await crowd.measure(run, writers, run.quick ? 3 : 8);
  await settle(all, 600, 10000);
  const lost = run.knowsDocuments
    ? { lost: crowd.written - (await textOfNext(run, room, crowd.written)) }
    : {};
  tell("", { ...measured, ...lost });
  closeAll(all);
}

/** S11: the same in 24 documents, one writer and one probe each. */
export async function s11(run, tell) {
  await run.begin();
  const rooms = await run.rooms(24);
  const crowd = new Windows(32);
  const make = (number) => new Client(run, rooms[number], { mode: "meta", onMeta: crowd.onMeta });
  const probes = await openAll(rooms.length, make);
  const writers = await openAll(rooms.length, make);
  crowd.probes = new Set(probes);
  await settle([...probes, ...writers]);
  const measured = await crowd.measure(run, writers, run.quick ? 3 : 8);
  await settle([...probes, ...writers], 600, 10000);
  tell(run.case, { ...measured, lost: crowd.written - crowd.got });
  closeAll([...probes, ...writers]);
}

/** Writers in a closed loop: each goes on typing when a probe has got what it typed. */
class Windows {
  constructor(size) {
    this.size = size;
    this.states = new Map();
    this.late = [];
    this.deliveries = 0;
    this.runs = false;
    this.probes = null;
    this.probe = null;
    this.onMeta = this.onMeta.bind(this);
  }

  get written() {
    return [...this.states.values()].reduce((sum, state) => sum + state.written, 0);
  }
  get got() {
    return [...this.states.values()].reduce((sum, state) => sum + state.got, 0);
  }

  onMeta(client, from, to) {
    const at = now();
    for (const [id, end] of to) {
      const state = this.states.get(id);
      if (!state) continue;
      const begin = from.get(id) ?? 0;
      if (client !== state.writer) this.deliveries += end - begin;
      if (client !== this.probe && !this.probes?.has(client)) continue;
      if (end > state.seen) this.#advance(state, Math.max(begin, state.seen), end, at);
    }
  }

  #advance(state, begin, end, at) {
    for (let clock = begin; clock < end; clock++) this.late.push(at - state.writer.sentAt[clock]);
    state.got += end - begin;
    state.seen = end;
    state.movedAt = at;
    if (this.runs) this.#pump(state);
  }

  #pump(state) {
    while (state.written - state.seen < this.size) state.writer.type(letter(state.written++));
  }

  /** A lost update would stop a writer for good: its window is given up after a while. */
  #release() {
    for (const state of this.states.values()) {
      if (now() - state.movedAt < 1500 || state.written - state.seen < this.size) continue;
      state.seen = state.written;
      state.movedAt = now();
      this.#pump(state);
    }
  }

  /** Type for so many seconds, after one that does not count; returns metrics. */
  async measure(run, writers, seconds) {
    for (const writer of writers) {
      this.states.set(writer.doc.clientID, { writer, written: 0, seen: 0, got: 0, movedAt: now() });
    }
    this.runs = true;
    this.states.forEach((state) => this.#pump(state));
    const watchdog = setInterval(() => this.#release(), 250);
    await sleep(run.quick ? 500 : 1000);
    const before = { got: this.got, deliveries: this.deliveries, at: now() };
    this.late.length = 0;
    const meter = new Meter(run.server);
    await sleep(seconds * 1000);
    const used = meter.stop();
    const took = (now() - before.at) / 1000;
    const count = this.got - before.got;
    const metrics = {
      updates_per_s: count / took,
      deliveries_per_s: (this.deliveries - before.deliveries) / took,
      updates_per_cpu_s: used.cpu_s > 0 ? count / used.cpu_s : null,
      ...delays("latency", this.late),
      ...used,
    };
    this.runs = false;
    clearInterval(watchdog);
    return metrics;
  }
}

/** Return how many letters somebody has who joins now. */
async function textOfNext(run, room, expected) {
  const next = await open(run, room);
  await until(() => next.text.length >= expected, 6000, 20);
  const { length } = next.text;
  next.close();
  return length;
}

/** S3: 200 documents with two people each; one of them types ten letters a second. */
export async function s3(run, tell) {
  await run.begin();
  await manyDocuments(run, tell, run.quick ? 50 : 200);
}

/** G2: the same, with more and more documents. */
export async function g2(run, tell) {
  await run.begin();
  for (const count of [5, 10, 20, 40, 80, 160]) await manyDocuments(run, tell, count);
}

/** G3: two people in a document that is longer and longer; one types ten letters a second. */
export async function g3(run, tell) {
  await run.begin();
  for (const letters of [0, 1e3, 1e4, 1e5, 1e6]) {
    const room = await run.room();
    const [writer, reader] = [await open(run, room), await open(run, room)];
    for (let length = 0; length < letters; length += 1e3)
      writer.text.insert(length, "word ".repeat(200));
    await settle([writer, reader], 500, 20000);
    const typed = await oneTypes(run, writer, reader);
    tell(`${letters} letters`, { ...typed, rss_mib: run.server.memoryMib() });
    closeAll([writer, reader]);
  }
}

/**
 * G4: two people in a document whose log is longer and longer; one types ten letters a second. Then
 * others open it, `open_p50_ms`.
 */
export async function g4(run, tell) {
  await run.begin();
  for (const operations of [0, 1e2, 1e3, 1e4, ...(run.quick ? [] : [1e5])]) {
    const room = await run.room();
    const writer = await open(run, room, { dialect: run.batchDialect });
    await writeOperations(writer, operations);
    const reader = await open(run, room);
    await settle([writer, reader]);
    const typed = await oneTypes(run, writer, reader);
    const opened = [];
    for (let repetition = 0; repetition < 5; repetition++)
      opened.push(await coldLoad(run, room, writer.text.length));
    tell(`${operations} operations`, {
      ...typed,
      open_p50_ms: median(opened),
      rss_mib: run.server.memoryMib(),
    });
    closeAll([writer, reader]);
  }
}

/** One types ten letters a second, the other one reads; returns metrics. */
async function oneTypes(run, writer, reader) {
  const keys = (run.quick ? 3 : 10) * 10;
  const late = [];
  const begun = writer.clock();
  reader.watch(writer, (ms, clock) => {
    if (clock >= begun) late.push(ms);
  });
  const meter = new Meter(run.server);
  await atRate(keys, 100, (number) => writer.type(letter(number)));
  const used = meter.stop();
  await until(() => late.length >= keys, 10000);
  return { ...delays("latency", late), lost: keys - late.length, ...used };
}

/** Have a client that gets acks write so many operations, and wait until all are in the log. */
async function writeOperations(writer, count) {
  let acked = 0;
  writer.onAck = () => acked++;
  for (let written = 0; written < count; written++) {
    writer.type(letter(written));
    if (written - acked > 500) await until(() => written - acked < 250, 20000, 1);
  }
  if (!(await until(() => acked >= count, 60000)))
    throw new Error(`${acked} of ${count} were stored`);
}

async function manyDocuments(run, tell, count) {
  const keys = count * 10 * (run.quick ? 3 : 10);
  const rooms = await run.rooms(count);
  const writers = await openAll(count, (number) => new Client(run, rooms[number]));
  const readers = await openAll(count, (number) => new Client(run, rooms[number]));
  await settle([...writers, ...readers]);
  const everyMs = 100 / count;
  await atRate(count * 10, everyMs, (number) => writers[number % count].type(letter(number)));
  await settle(readers);
  const late = [];
  const begun = writers.map((writer) => writer.clock());
  readers.forEach((reader, number) =>
    reader.watch(writers[number], (ms, clock) => {
      if (clock >= begun[number]) late.push(ms);
    }),
  );
  const meter = new Meter(run.server);
  await atRate(keys, everyMs, (number) => writers[number % count].type(letter(number)));
  const used = meter.stop();
  await until(() => late.length >= keys, 10000);
  const memory = { rss_mib: run.server.memoryMib() };
  tell(`${count} documents`, {
    ...delays("latency", late),
    lost: keys - late.length,
    ...memory,
    ...used,
  });
  closeAll([...writers, ...readers]);
}

/** S9: 50 people in one document, each types five letters a second and moves its caret with each. */
export async function s9(run, tell) {
  const people = 50;
  const keys = people * 5 * (run.quick ? 3 : 10);
  await run.begin();
  const room = await run.room();
  const writers = new Map();
  const late = [];
  const carets = [];
  const onMeta = (_client, from, to) => {
    const at = now();
    for (const [id, end] of to) {
      const writer = writers.get(id);
      if (!writer) continue;
      for (let clock = from.get(id) ?? 0; clock < end; clock++)
        late.push(at - writer.sentAt[clock]);
    }
  };
  const crowd = await openAll(people, () => new Client(run, room, { mode: "meta" }));
  const probe = await open(run, room, { mode: "meta" });
  await settle([...crowd, probe]);
  for (const client of crowd) writers.set(client.doc.clientID, client);
  probe.onMeta = onMeta;
  probe.onCaret = (state) => {
    if (state?.cursor) carets.push(now() - state.cursor.at);
  };
  const meter = new Meter(run.server);
  await atRate(keys, 1000 / (people * 5), (number) => {
    const writer = crowd[number % people];
    writer.type(letter(number));
    writer.moveCaret(2 + Math.floor(number / people));
  });
  const used = meter.stop();
  await until(() => late.length >= keys, 5000);
  tell("", {
    ...delays("latency", late),
    ...delays("caret", carets),
    lost: keys - late.length,
    ...used,
  });
  closeAll([...crowd, probe]);
}
