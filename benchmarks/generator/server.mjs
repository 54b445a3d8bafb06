// The measured server: its start and end, and what it and its services use.
import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { now, sleep, until } from "./waiting.mjs";

const TICKS_A_SECOND = 100; // USER_HZ of Linux
const START_WAIT = 60000;

/** A server that this process starts (`command`), or one that runs already (`pids`). */
export class Server {
  constructor(run) {
    this.run = run;
    this.root = null;
  }

  get isOurs() {
    return !!this.run.command;
  }
  pids() {
    return this.root ? tree([this.root]) : this.run.pids;
  }
  servicePids() {
    return tree(this.run.servicePids);
  }

  async start() {
    if (!this.isOurs) return;
    const { command, core, port, data, log } = this.run;
    if (await portIsOpen(port)) throw new Error(`port ${port} is in use`);
    const words = core === null ? command : ["taskset", "-c", String(core), ...command];
    const output = fs.openSync(log, "a");
    this.child = spawn(words[0], words.slice(1), {
      detached: true, // a process group of its own, so that a kill reaches its children
      stdio: ["ignore", output, output],
      env: { ...process.env, ...this.run.environment, PORT: String(port), DATA_DIR: data },
    });
    fs.closeSync(output);
    this.root = this.child.pid;
    let ended = false;
    this.child.on("exit", () => {
      ended = true;
    });
    for (const end = now() + START_WAIT; !(await portIsOpen(port)); await sleep(20)) {
      if (ended || now() > end) throw new Error(`the server did not start, see ${log}`);
    }
  }

  signal(name) {
    try {
      process.kill(-this.root, name);
    } catch {
      /* it has ended */
    }
  }

  /** Stop it in order, or kill the group at once. */
  async stop({ kill = false } = {}) {
    if (!this.isOurs || !this.root) return;
    const all = tree([this.root]);
    const areGone = () => all.every((pid) => !isRunning(pid));
    if (!kill) {
      this.signal("SIGTERM");
      await until(areGone, 20000, 20);
    }
    this.signal("SIGKILL");
    await until(areGone, 5000, 5);
    for (let tries = 0; tries < 250 && (await portIsOpen(this.run.port)); tries++) await sleep(20);
    this.root = null;
  }

  memoryMib() {
    return rssMib(this.pids());
  }
}

/** What the server, its services, this process and all others use from its making to `stop`. */
export class Meter {
  constructor(server) {
    this.pids = server.pids();
    this.servicePids = server.servicePids();
    this.before = this.#read();
    this.at = now();
    this.lag = monitorEventLoopDelay({ resolution: 5 });
    this.lag.enable();
  }

  #read() {
    const own = process.cpuUsage();
    return {
      server: cpuSeconds(this.pids),
      services: cpuSeconds(this.servicePids),
      generator: (own.user + own.system) / 1e6,
      machine: machineSeconds(),
    };
  }

  /** Return metrics; the ones of the generator and of others tell how far the rest is to be trusted. */
  stop() {
    const seconds = (now() - this.at) / 1000;
    const after = this.#read();
    this.lag.disable();
    const used = (name) => after[name] - this.before[name];
    const ours = used("server") + used("services") + used("generator");
    return {
      cpu_s: used("server"),
      ...(this.servicePids.length ? { services_cpu_s: used("services") } : {}),
      cpu_pct: (100 * used("server")) / seconds,
      generator_cpu_pct: (100 * used("generator")) / seconds,
      others_cpu_pct: Math.max(0, (100 * (used("machine") - ours)) / seconds),
      generator_lag_p99_ms: Math.max(0, this.lag.percentile(99) / 1e6 - 5),
    };
  }
}

function stat(pid) {
  try {
    const line = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = line
      .slice(line.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    return { parent: fields[1], cpu: (fields[11] + fields[12]) / TICKS_A_SECOND };
  } catch {
    return null;
  }
}

function tree(roots) {
  const children = new Map();
  for (const name of fs.readdirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? stat(name)?.parent : undefined;
    if (parent === undefined) continue;
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(Number(name));
  }
  const found = new Set();
  for (const todo = [...roots]; todo.length; ) {
    const pid = todo.pop();
    if (found.has(pid)) continue;
    found.add(pid);
    todo.push(...(children.get(pid) || []));
  }
  return [...found];
}

const cpuSeconds = (pids) => pids.reduce((sum, pid) => sum + (stat(pid)?.cpu || 0), 0);

function rssMib(pids) {
  let kib = 0;
  for (const pid of pids) {
    try {
      kib += Number(
        /VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] || 0,
      );
    } catch {
      /* it has ended */
    }
  }
  return kib / 1024;
}

/** Time of all cores but for interrupts, which the test's own loopback traffic makes. */
function machineSeconds() {
  const [user, nice, system, , , , , steal] = fs
    .readFileSync("/proc/stat", "latin1")
    .split("\n", 1)[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + (steal || 0)) / TICKS_A_SECOND;
}

function isRunning(pid) {
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

function portIsOpen(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: "127.0.0.1", port });
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
