// One measurement: which server, how to reach it, and the documents of its rooms.
import fs from "node:fs";
import { open } from "./client.mjs";
import { letter } from "./numbers.mjs";
import { Server } from "./server.mjs";
import { now, sleep, until } from "./waiting.mjs";

const MAKERS = 8;

/** `words` are those of `benchmarks/live.py`. */
export class Run {
  constructor(words) {
    Object.assign(this, words);
    this.documents = new Map();
    this.id = Math.floor(Math.random() * 1e9).toString(36);
    this.count = 0;
    this.server = new Server(this);
  }

  /** Return the address of a room's socket. */
  address(room) {
    return this.url
      .replace("{room}", encodeURIComponent(room))
      .replace("{document}", this.documents.get(room) ?? "");
  }

  /** Return names of new rooms; where documents have to be made first, they are. */
  async rooms(count) {
    const names = Array.from(
      { length: count },
      () => `bench-${this.scenario}-${this.id}-${++this.count}`,
    );
    if (!this.rest) return names;
    const left = [...names];
    const make = async () => {
      for (let name = left.pop(); name; name = left.pop())
        this.documents.set(name, await this.#make(name));
    };
    await Promise.all(Array.from({ length: Math.min(MAKERS, count) }, make));
    return names;
  }

  async room() {
    return (await this.rooms(1))[0];
  }

  async #make(title) {
    const answer = await fetch(`${this.rest}/documents/`, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ title }),
    });
    if (answer.status !== 201)
      throw new Error(`no document: ${answer.status} ${await answer.text()}`);
    return (await answer.json()).id;
  }

  /** Start the server on an empty folder, and get its code hot. */
  async begin(keystrokes = this.quick ? 400 : 1500) {
    await this.server.stop({ kill: true });
    if (this.server.isOurs) {
      fs.rmSync(this.data, { recursive: true, force: true });
      fs.mkdirSync(this.data, { recursive: true });
    }
    await this.server.start();
    await this.#warmUp(keystrokes);
  }

  /** Start the server again on what it has kept. */
  async beginAgain() {
    await this.server.start();
    await this.#warmUp(8);
  }

  async #warmUp(keystrokes) {
    const [writer, reader] = await this.#firstTwo();
    const end = now() + 8000;
    for (let typed = 0; typed < keystrokes && now() < end; ) {
      for (let letterIndex = 0; letterIndex < 8; letterIndex++) writer.type(letter(typed++));
      await until(() => reader.text.length >= typed, 500, 1);
    }
    writer.close();
    reader.close();
    await sleep(100);
  }

  /** Open two clients; what stands behind an open port may still be starting. */
  async #firstTwo() {
    const end = now() + 30000;
    for (;;) {
      try {
        const room = await this.room();
        return [await open(this, room), await open(this, room)];
      } catch (error) {
        if (now() > end) throw error;
        await sleep(100);
      }
    }
  }
}
