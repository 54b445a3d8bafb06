// S7: people type in batches, as the page sends them.
import { Client, closeAll, openAll, settle } from "./client.mjs";
import { delays, letter } from "./numbers.mjs";
import { Meter } from "./server.mjs";
import { atRate, now, sleep, until } from "./waiting.mjs";

/**
 * S7: a page's batches. Ten people in ten documents, a key each 50 ms each; a batch goes out at 20
 * letters, after a pause of 200 ms, or after 2 s (`batch.js`). From the key, and from the batch's
 * going out, to the ack and to the other's screen.
 */
export async function s7(run, tell) {
  const keys = (run.quick ? 3 : 10) * 20;
  const dialect = run.batchDialect;
  await run.begin();
  const rooms = await run.rooms(10);
  const readers = await openAll(rooms.length, (number) => new Client(run, rooms[number]));
  const make = (number) => new Client(run, rooms[number], { batching: true, dialect });
  const writers = await openAll(rooms.length, make);
  await settle([...readers, ...writers]);
  const batches = writers.map((writer, number) => new Batches(writer, readers[number]));
  const meter = new Meter(run.server);
  await Promise.all(batches.map((batch) => batch.type(keys)));
  await until(() => batches.every((batch) => batch.isDone), 5000);
  const used = meter.stop();
  const gathered = (name) => batches.flatMap((batch) => batch[name]);
  const { acks } = writers[0].dialect;
  const lost = batches.reduce((sum, batch) => sum + batch.typed - batch.keysSeen.length, 0);
  tell("", {
    ...(acks ? delays(acks, gathered("acked")) : {}),
    ...(acks ? delays(`keystroke_${acks}`, gathered("keysAcked")) : {}),
    ...delays("latency", gathered("seen")),
    ...delays("keystroke_latency", gathered("keysSeen")),
    lost,
    ...used,
  });
  closeAll([...readers, ...writers]);
}

/** One person's batches, and how late each was. */
class Batches {
  constructor(writer, reader) {
    this.writer = writer;
    this.under = []; // sent and without an ack: { sentAt, from, to }
    this.sentAtOf = new Map(); // the first clock of a batch -> when it was sent
    for (const name of ["acked", "keysAcked", "seen", "keysSeen"]) this[name] = [];
    this.typed = 0;
    this.from = writer.clock();
    writer.onAck = () => this.#ack();
    reader.watch(writer, (ms, clock) => {
      this.keysSeen.push(ms);
      const sentAt = this.sentAtOf.get(clock);
      if (sentAt !== undefined) this.seen.push(now() - sentAt);
    });
  }

  get isDone() {
    return (
      this.keysSeen.length >= this.typed && (!this.writer.dialect.acks || this.under.length === 0)
    );
  }

  #ack() {
    const batch = this.under.shift();
    if (!batch) return;
    this.acked.push(now() - batch.sentAt);
    for (let clock = batch.from; clock < batch.to; clock++) {
      this.keysAcked.push(now() - this.writer.sentAt[clock]);
    }
  }

  #send() {
    clearTimeout(this.pause);
    const batch = { sentAt: now(), from: this.from, to: this.writer.clock() };
    if (batch.from === batch.to) return;
    this.sentAtOf.set(batch.from, batch.sentAt);
    this.under.push(batch);
    this.from = batch.to;
    this.writer.flush();
  }

  async type(keys) {
    await sleep(Math.random() * 1000);
    await atRate(keys, 50, (number) => {
      this.writer.type(letter(number));
      this.typed++;
      clearTimeout(this.pause);
      this.pause = setTimeout(() => this.#send(), 200);
      const first = this.writer.sentAt[this.from];
      if (this.writer.clock() - this.from >= 20 || now() - first >= 2000) this.#send();
    });
    this.#send();
  }
}
