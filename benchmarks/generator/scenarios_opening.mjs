// S4, S5, S6, S8, S10: documents are opened, held open, and come back after the server's end.
import * as Y from "yjs";
import { Client, closeAll, coldLoad, open, openAll, settle } from "./client.mjs";
import { delays, history, letter, median } from "./numbers.mjs";
import { Meter } from "./server.mjs";
import { now, sleep, until } from "./waiting.mjs";

/** How long a server that keeps documents gets to write them, in ms: Hocuspocus waits 2 s. */
const FLUSH = 4000;

/** Send a whole history as one update, and wait until another client has it. */
async function upload(run, room, { update, length }) {
  const [reader, writer] = [await open(run, room), await open(run, room)];
  const began = now();
  Y.applyUpdate(writer.doc, update, "not from the server");
  const came = await until(() => reader.text.length === length, 60000, 2);
  const took = now() - began;
  closeAll([reader, writer]);
  if (!came) throw new Error("the history did not reach the other client");
  return took;
}

/** S4: from the beginning to the whole text of a long document, warm and after a restart. */
export async function s4(run, tell) {
  const long = history(run.cache, run.quick ? 20000 : 200000);
  await run.begin(300);
  const room = await run.room();
  const uploaded = await upload(run, room, long);
  const holder = await open(run, room);
  const warm = [];
  for (let repetition = 0; repetition < (run.quick ? 7 : 20); repetition++) {
    warm.push(await coldLoad(run, room, long.length));
    await sleep(20);
  }
  const metrics = {
    upload_ms: uploaded,
    warm_p50_ms: median(warm),
    rss_mib: run.server.memoryMib(),
  };
  holder.close();
  if (run.persists) metrics.restart_p50_ms = await afterRestarts(run, room, long.length);
  tell("", metrics);
}

async function afterRestarts(run, room, length) {
  await sleep(FLUSH);
  const times = [];
  for (let repetition = 0; repetition < (run.quick ? 1 : 3); repetition++) {
    await run.server.stop();
    await run.beginAgain();
    times.push(await coldLoad(run, room, length));
  }
  return median(times);
}

/** S5: what a document with one client, and what a further client, adds to the server's memory. */
export async function s5(run, tell) {
  const count = run.quick ? 100 : 500;
  const rest = run.quick ? 500 : 5000;
  await run.begin();
  const rooms = await run.rooms(count);
  await sleep(rest);
  const before = run.server.memoryMib();
  const first = await openAll(count, (number) => new Client(run, rooms[number]));
  first.forEach((client) => client.text.insert(0, "tiny text."));
  await settle(first);
  await sleep(rest);
  const withOne = run.server.memoryMib();
  const second = await openAll(count, (number) => new Client(run, rooms[number]));
  await settle([...first, ...second]);
  await sleep(rest);
  const withTwo = run.server.memoryMib();
  const whole = second.filter((client) => client.text.length === 10).length;
  tell(`${count} documents`, {
    kib_per_document: ((withOne - before) * 1024) / count,
    kib_per_connection: ((withTwo - withOne) * 1024) / count,
    ...(run.knowsDocuments ? { lost: count - whole } : {}),
  });
  closeAll([...first, ...second]);
}

/** S6: SIGKILL of the server at three moments; what others had seen, and is gone after the restart. */
export async function s6(run, tell) {
  const moments = { "after the last key": 0, "after all have seen": 0, "after 4 s": FLUSH };
  for (const [moment, pause] of Object.entries(moments)) {
    if (run.quick && pause) continue;
    const keys = run.quick ? 200 : 500;
    await run.begin(8);
    const room = await run.room();
    const [writer, reader] = [await open(run, room), await open(run, room)];
    await settle([writer, reader], 300, 3000);
    let acks = 0;
    writer.onAck = () => {
      acks++;
    };
    for (let number = 0; number < keys; number++) {
      writer.type(letter(number));
      if (number < keys - 1) await sleep(5);
    }
    if (moment !== "after the last key") {
      await until(
        () => reader.text.length === keys && (!writer.dialect.acks || acks >= keys),
        5000,
        1,
      );
      await sleep(pause);
    }
    run.server.signal("SIGKILL");
    await sleep(150); // what is in the reader's socket counts as seen
    const seen = reader.text.length;
    closeAll([writer, reader]);
    await run.server.stop({ kill: true });
    await run.beginAgain();
    const next = await open(run, room);
    await until(() => next.text.length >= seen, 3000, 10);
    tell(moment, { seen, lost: Math.max(0, seen - next.text.length) });
    next.close();
  }
}

/** S8: 1,000 people in 200 documents, and nobody types. */
export async function s8(run, tell) {
  const [count, peoplePerRoom, seconds] = run.quick ? [40, 5, 2] : [200, 5, 15];
  await run.begin();
  const rooms = await run.rooms(count);
  await sleep(1000);
  const before = run.server.memoryMib();
  const began = now();
  const people = await openAll(
    count * peoplePerRoom,
    (number) => new Client(run, rooms[number % count]),
  );
  const opened = now() - began;
  await settle(people);
  await sleep(1000);
  const meter = new Meter(run.server);
  await sleep(seconds * 1000);
  const used = meter.stop();
  tell(`${people.length} sessions`, {
    rss_mib: run.server.memoryMib(),
    kib_per_session: ((run.server.memoryMib() - before) * 1024) / people.length,
    open_ms_per_session: opened / people.length,
    idle_cpu_pct: used.cpu_pct,
    closed: people.filter((client) => client.closed).length,
    ...used,
  });
  closeAll(people);
}

/** S10: the server has just started, and 100 documents are opened at once. */
export async function s10(run, tell) {
  const count = run.quick ? 30 : 100;
  const written = history(run.cache, 5000);
  await run.begin();
  const rooms = await run.rooms(count);
  for (const room of rooms) await upload(run, room, written);
  await sleep(FLUSH);
  await run.server.stop();
  await run.beginAgain();
  const began = now();
  const meter = new Meter(run.server);
  const loads = rooms.map((room) => coldLoad(run, room, written.length, 20000).catch(() => null));
  const times = (await Promise.all(loads)).filter((ms) => ms !== null);
  const all = now() - began;
  const lost = count - times.length;
  tell(`${count} documents`, { ...delays("open", times), all_open_ms: all, lost, ...meter.stop() });
}
