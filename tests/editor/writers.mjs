/**
 * Two people write by given steps: one line of JSON with the steps on stdin, one line with the log on
 * stdout. Ada types capitals, Grace small letters, so each letter tells who typed it.
 */
import { createInterface } from "node:readline";
import { encodeCopies } from "./bound_view.mjs";
import { Log, WritingPage } from "./writing_page.mjs";

const LETTERS = { ada: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", grace: "abcdefghijklmnopqrstuvwxyz" };

/** @typedef {[who: number, kind: string, at: number, to: number]} Step */

/** @param {Step[]} steps */
async function written(steps) {
  const log = new Log();
  const pages = [new WritingPage("ada", 1, log), new WritingPage("grace", 2, log)];
  /** What each has cut and not pasted. @type {Map<string, any>} */
  const cut = new Map();
  let typed = 0;
  for (const [who, kind, at, to] of steps) {
    const page = /** @type {WritingPage} */ (pages[who]);
    if (kind === "type") {
      const letters = LETTERS[/** @type {"ada" | "grace"} */ (page.author)];
      const first = typed++ % 20;
      page.type(at, letters.slice(first, first + 1 + (to % 5)));
    } else if (kind === "erase") page.erase(at, to);
    else if (kind === "undo" || kind === "redo") {
      page.undos[kind]();
      // What stands again is copied by a paste, and the paster's.
      cut.delete(page.author);
    } else if (kind === "sync") page.sync();
    else if (kind === "drag") page.drag(at, to, at + 2 * to + 3);
    else if (kind === "cut") cut.set(page.author, await page.cut(at, to));
    else if (kind === "paste") {
      const slice = cut.get(page.author);
      if (slice) await page.paste(at, slice);
      cut.delete(page.author);
    } else page.command(at, /** @type {any} */ (kind));
  }
  for (const page of [...pages, ...pages]) page.sync();
  return log.operations.map(({ author, update, copies }) => ({
    author,
    update: Buffer.from(update).toString("base64"),
    copies: copies.length > 0 ? Buffer.from(encodeCopies(copies)).toString("base64") : "",
  }));
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await written(JSON.parse(line))));
}
