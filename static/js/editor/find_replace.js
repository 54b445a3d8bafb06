/** The edit that replaces matches: one transaction, and where it changes each text. Pure. */

/** @typedef {import("../../vendor/tiptap.js").Editor["state"]} State */
/** @typedef {import("./find_search.js").Found} Found */
/** @typedef {import("./text_edits.js").TextEdits} TextEdits */

/**
 * Return the transaction that replaces matches, which are in order; null if it would change nothing. The
 * new letters have the looks of the first one that they replace.
 * @param {State} state
 * @param {Found[]} found
 */
export function replacement({ doc, tr, schema }, found) {
  const changes = found
    .map((match) => {
      const place = doc.resolve(match.from);
      // A line break is a node, except in code.
      const isCode = place.parent.type.spec.code === true;
      const insert = isCode ? match.insert : match.insert.replaceAll("\n", " ");
      return { ...match, insert, place };
    })
    .filter(({ from, to, insert }) => doc.textBetween(from, to, "", "\ufffc") !== insert);
  if (changes.length === 0) return null;
  // From the end: the places before stay.
  for (const { from, to, insert, place } of changes.toReversed()) {
    if (insert === "") tr.delete(from, to);
    else tr.replaceWith(from, to, schema.text(insert, place.nodeAfter?.marks));
  }
  // Found again from the steps, they would cost the square of their number.
  return tr.setMeta("textEdits", editsOf(changes));
}

/** @typedef {Found & {place: ReturnType<State["doc"]["resolve"]>}} Change */

/**
 * Return the edits of each text between two nodes that are no text.
 * @param {Change[]} changes
 */
function editsOf(changes) {
  /** @type {TextEdits[]} */
  const edits = [];
  let next = 0;
  while (next < changes.length) {
    const first = /** @type {Change} */ (changes[next]);
    const start = first.place.start();
    const end = first.place.end();
    let last = next + 1;
    while (last < changes.length && /** @type {Change} */ (changes[last]).from < end) last += 1;
    const block = changes.slice(next, last);
    for (const run of runsOf(first.place.parent, start)) {
      const made = runEdits(run, block);
      if (made !== null) edits.push(made);
    }
    next = last;
  }
  return edits;
}

/**
 * Return the texts of a block between its other nodes.
 * @param {State["doc"]} block
 * @param {number} start
 */
function runsOf(block, start) {
  const runs = [{ start, text: "" }];
  block.forEach((child, offset) => {
    const run = runs.at(-1);
    if (child.isText && run) run.text += child.text;
    else runs.push({ start: start + offset + child.nodeSize, text: "" });
  });
  return runs;
}

/**
 * @param {{start: number, text: string}} run
 * @param {Found[]} changes of its block
 * @returns {TextEdits | null}
 */
function runEdits({ start, text }, changes) {
  /** @type {TextEdits["edits"]} */
  const edits = [];
  let after = "";
  let passed = 0;
  for (const { from, to, insert } of changes) {
    if (to <= start || from >= start + text.length) continue;
    // With a line break, which is no text, the shortest difference has to do.
    if (from < start || to > start + text.length) return null;
    after += text.slice(passed, from - start);
    edits.push({ index: after.length, remove: to - from, insert });
    after += insert;
    passed = to - start;
  }
  if (edits.length === 0) return null;
  return { before: text, after: after + text.slice(passed), edits };
}
