// S13: people type in some documents while somebody misuses the server in another one.
import { Worker } from "node:worker_threads";
import { Client, closeAll, openAll, settle } from "./client.mjs";
import { delays, letter, percentile } from "./numbers.mjs";
import { atRate, sleep, until } from "./waiting.mjs";

const KINDS = ["slow readers", "heedless senders", "open and close", "crowd", "largest updates"];
const DOCUMENTS = 10;
const REST = 3000; // until the server has seen that the misusers have gone

/** Each kind after a stretch without, so that both are of the same spell of the machine. */
export async function s13(run, tell) {
  const seconds = run.quick ? 5 : 15;
  await run.begin();
  const rooms = await run.rooms(DOCUMENTS);
  const make = (number) => new Client(run, rooms[number]);
  const writers = await openAll(DOCUMENTS, make);
  const readers = await openAll(DOCUMENTS, make);
  await settle([...writers, ...readers]);
  const people = new Bystanders(run, writers, readers);
  for (const kind of KINDS) {
    const normal = await people.type(seconds);
    const abuser = new Abuser(kind);
    await abuser.hasBegun;
    const under = await people.type(seconds);
    const { codes, ...became } = await abuser.stop();
    await sleep(REST);
    tell(kind, {
      ...delays("normal", normal.late),
      ...delays("latency", under.late),
      latency_p95_ratio: percentile(under.late, 0.95) / percentile(normal.late, 0.95),
      lost: normal.lost + under.lost,
      rss_mib: normal.rss_mib,
      peak_rss_mib: under.rss_mib,
      after_rss_mib: run.server.memoryMib(),
      ...closes(codes),
      ...became,
    });
  }
  closeAll([...writers, ...readers]);
}

/** 1006 is what a client sees that has ended the connection itself. */
function closes(codes) {
  const known = { 1013: 0, 4413: 0 };
  let otherwise = 0;
  for (const [code, count] of Object.entries(codes)) {
    if (code in known) known[code] += count;
    else if (code !== "1006") otherwise += count;
  }
  return { closed_1013: known[1013], closed_4413: known[4413], closed_otherwise: otherwise };
}

/** People in ten documents, of whom one types ten letters a second and another one sees it. */
class Bystanders {
  constructor(run, writers, readers) {
    Object.assign(this, { run, writers, late: [], typed: 0 });
    readers.forEach((reader, number) => reader.watch(writers[number], (ms) => this.late.push(ms)));
  }

  async type(seconds) {
    this.late = [];
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, this.run.server.memoryMib());
    }, 250);
    const keys = DOCUMENTS * 10 * seconds;
    await atRate(keys, 100 / DOCUMENTS, (number) =>
      this.writers[number % DOCUMENTS].type(letter(number)),
    );
    await until(() => this.late.length >= keys, 10000);
    clearInterval(watch);
    return { late: this.late, lost: keys - this.late.length, rss_mib: peak };
  }
}

class Abuser {
  constructor(kind) {
    const words = JSON.parse(process.argv[2]);
    this.worker = new Worker(new URL("./abuser.mjs", import.meta.url), {
      workerData: { words, kind },
    });
    let tell;
    this.result = new Promise((resolve, reject) => {
      tell = resolve;
      this.worker.on("error", reject);
    });
    this.result.catch(() => {});
    this.hasBegun = new Promise((resolve, reject) => {
      this.worker.on("error", reject);
      this.worker.on("message", (told) => (told === "begun" ? resolve() : tell(told)));
    });
  }

  async stop() {
    this.worker.postMessage("stop");
    const told = await this.result;
    await this.worker.terminate();
    return told;
  }
}
