/** Callouts in pasted HTML, by the rules of the import (`apps/crdt/content/callouts.py`). */

/** Boxes in the pages of GitHub, Confluence and Outline; Notion's have no class. */
const BOX =
  /(?:^|\s)(?:markdown-alert-|confluence-information-macro-|notice-block\s+)([a-z]{1,20})/;
const KINDS = /** @type {Record<string, string>} */ ({
  caution: "danger",
  danger: "danger",
  error: "danger",
  success: "tip",
  tip: "tip",
  warning: "warning",
});

/**
 * Make callouts of the boxes of other programs; the line with the name of a kind goes.
 * @param {Element} body
 */
export function readCallouts(body) {
  for (const title of body.querySelectorAll(".markdown-alert-title")) title.remove();
  for (const box of body.querySelectorAll("aside, div[class]")) {
    const named = BOX.exec(box.className)?.[1];
    if (named === undefined && !box.matches("aside")) continue;
    const callout = box.ownerDocument.createElement("blockquote");
    callout.dataset.callout = KINDS[named ?? ""] ?? "info";
    callout.append(...box.childNodes);
    box.replaceWith(callout);
  }
}
