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
function written(steps) {
  const log = new Log();
  const pages = [new WritingPage("ada", 1, log), new WritingPage("grace", 2, log)];
  let typed = 0;
  for (const [who, kind, at, to] of steps) {
    const page = /** @type {WritingPage} */ (pages[who]);
    if (kind === "type") {
      const letters = LETTERS[/** @type {"ada" | "grace"} */ (page.author)];
      const first = typed++ % 20;
      page.type(at, letters.slice(first, first + 1 + (to % 5)));
    } else if (kind === "erase") page.erase(at, to);
    else if (kind === "undo") page.undos.undo();
    else if (kind === "redo") page.undos.redo();
    else if (kind === "sync") page.sync();
    else page.command(at, /** @type {any} */ (kind));
  }
  for (const page of [...pages, ...pages]) page.sync();
  return log.operations.map(({ author, update, copies }) => ({
    author,
    update: Buffer.from(update).toString("base64"),
    copies: copies.length > 0 ? Buffer.from(encodeCopies(copies)).toString("base64") : "",
  }));
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(written(JSON.parse(line))));
}
