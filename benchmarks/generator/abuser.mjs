// Those who misuse a server, in a thread of their own, so that they do not delay who is measured.
// `workerData`: {words, kind}. Says 'begun' once it is at it, and when told to stop, what became of it:
// {codes: {close code: how often}, ...}.
import { parentPort, workerData } from "node:worker_threads";
import WebSocket from "ws";
import { Client, open, openAll } from "./client.mjs";
import { Run } from "./run.mjs";
import { now, sleep, until } from "./waiting.mjs";

const run = new Run(workerData.words);
const codes = {};
let isOver = false;
parentPort.on("message", () => {
  isOver = true;
});

const noteClose = (socket) =>
  socket.on("close", (code) => {
    codes[code] = (codes[code] ?? 0) + 1;
  });

/** Twenty people who stop reading, in a document that is rewritten all the time. */
async function slowReaders() {
  const room = await run.room();
  const writer = await open(run, room, { mode: "meta" });
  const readers = await openAll(20, () => new Client(run, room, { mode: "meta" }));
  for (const reader of readers) {
    noteClose(reader.socket);
    reader.socket.pause();
  }
  parentPort.postMessage("begun");
  const block = "x".repeat(128 * 1024);
  let sent = 0;
  while (!isOver && writer.socket.readyState === WebSocket.OPEN) {
    writer.text.insert(0, block);
    writer.text.delete(0, block.length);
    sent += block.length;
    await until(() => writer.socket.bufferedAmount === 0, 1000, 1);
    await sleep(25);
  }
  for (const reader of readers) reader.socket.resume();
  await until(() => readers.every((reader) => reader.closed), 4000, 20);
  return { sent_mib: sent / 2 ** 20, left_open: readers.filter((reader) => !reader.closed).length };
}

/** Ten people who send without a look at what the server takes, and come back when they are let out. */
async function senders() {
  const rooms = await run.rooms(10);
  let sent = 0;
  const flood = async (room) => {
    while (!isOver) {
      const client = await open(run, room, { mode: "meta" }).catch(() => null);
      if (client === null) {
        await sleep(200);
        continue;
      }
      noteClose(client.socket);
      while (!isOver && !client.closed) {
        for (let edit = 0; edit < 50; edit++) {
          client.text.insert(0, "flood ");
          sent++;
        }
        client.text.delete(0, client.text.length);
        await new Promise((resolve) => setImmediate(resolve));
        if (client.socket.bufferedAmount > 8 << 20) await sleep(5);
      }
      client.close();
    }
  };
  const floods = rooms.map(flood);
  parentPort.postMessage("begun");
  await Promise.all(floods);
  return { sent };
}

/** Twenty programs that open a socket and close it, half of them before it is open. */
async function openers() {
  const room = await run.room();
  let opened = 0;
  const loop = async (number) => {
    while (!isOver) {
      const socket = new WebSocket(run.address(room));
      noteClose(socket);
      socket.on("error", () => {});
      if (number % 2)
        await Promise.race([new Promise((resolve) => socket.on("open", resolve)), sleep(2000)]);
      else await sleep(2);
      opened++;
      socket.terminate();
      await sleep(1);
    }
  };
  const loops = Array.from({ length: 20 }, (_, number) => loop(number));
  parentPort.postMessage("begun");
  await Promise.all(loops);
  return { opened };
}

/** As many people in one document as it takes and ten more, and one of them types. */
async function crowd() {
  const room = await run.room();
  const most = run.quick ? 300 : 1000;
  const people = await openAll(most, () => new Client(run, room, { mode: "meta" }), {
    wait: 60000,
  });
  for (let more = 0; more < (run.quick ? 0 : 10); more++) noteClose(new Client(run, room).socket);
  parentPort.postMessage("begun");
  while (!isOver) {
    people[0].type("x");
    await sleep(200);
  }
  const away = people.filter((person) => person.closed).length;
  people.forEach((person) => person.close());
  return { sessions: most, away };
}

/** An update just below the limit each second, as long as the document takes them, then in another. */
async function largest() {
  const block = "x".repeat(4 * 2 ** 20 - 1024);
  let sent = 0;
  parentPort.postMessage("begun");
  while (!isOver) {
    const client = await open(run, await run.room(), { mode: "meta" });
    noteClose(client.socket);
    while (!isOver && !client.closed) {
      const begun = now();
      client.text.insert(0, block);
      sent++;
      await until(() => client.closed || isOver, Math.max(1, 1000 - (now() - begun)), 10);
    }
    client.close();
  }
  return { sent };
}

const KINDS = {
  "slow readers": slowReaders,
  "heedless senders": senders,
  "open and close": openers,
  crowd,
  "largest updates": largest,
};
const became = await KINDS[workerData.kind]();
parentPort.postMessage({ codes, ...became });
