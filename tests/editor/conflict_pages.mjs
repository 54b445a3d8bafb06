/**
 * Two people edit one paragraph at one time, by chains of steps, and somebody else ends the conflicts
 * that the server finds. Each line of stdin is a JSON message, answered by one line on stdout.
 */
import { createInterface } from "node:readline";
import { conflictsOf, encodeCopies } from "./bound_view.mjs";
import { Log, WritingPage } from "./writing_page.mjs";

/** @typedef {[kind: string, at: number, to: number | string]} Step */

let log = new Log();

/** @param {Step[][]} chains @param {boolean} keepsLost whether both keep what was lost */
function edited(chains, keepsLost) {
  log = new Log();
  const ada = new WritingPage("ada", 1, log);
  const grace = new WritingPage("grace", 2, log);
  // The first deletion of a document may be one that a stock client repeats.
  ada.type(0, "-");
  ada.erase(0, 1);
  ada.type(0, "abcdefgh");
  ada.command(8, "split");
  ada.type(9, "ijklmnop");
  ada.sync();
  grace.sync();
  const pages = [ada, grace];
  const texts = pages.map((page, who) => {
    for (const step of chains[who] ?? []) act(page, step);
    return page.blocks;
  });
  for (const page of [...pages, ...pages]) page.sync();
  if (keepsLost) for (const page of pages) page.keepLost();
  for (const page of [...pages, ...pages]) page.sync();
  return { texts, ...answer(ada) };
}

/** @param {WritingPage} page @param {Step} step */
function act(page, [kind, at, to]) {
  if (kind === "type") page.type(at, String(to));
  else if (kind === "erase") page.erase(at, Number(to));
  else if (kind === "undo") page.undos.undo();
  else page.command(at, /** @type {any} */ (kind));
}

/** End what the server has found, on a page of a third person. @param {any} rows */
function ended(rows) {
  const carol = new WritingPage("carol", 3, log);
  carol.found = [conflictsOf(rows)];
  carol.endConflicts();
  carol.sync();
  return answer(carol);
}

/** @param {WritingPage} page */
function answer(page) {
  const operations = log.operations.map(({ author, update, copies }) => ({
    author,
    update: Buffer.from(update).toString("base64"),
    copies: copies.length > 0 ? Buffer.from(encodeCopies(copies)).toString("base64") : "",
  }));
  return { operations, blocks: page.blocks };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { chains, keepsLost, rows } = JSON.parse(line);
  console.log(JSON.stringify(chains ? edited(chains, keepsLost) : ended(rows)));
}
