/** The menu of a block: what it becomes, where it goes, a second one of it, its end. */
import { copyToClipboard } from "../ui/clipboard.js";
import { h } from "../ui/dom.js";
import { bindMenu } from "../ui/menu.js";
import { placeOf } from "../ui/row_menu.js";
import { toast } from "../ui/toast.js";
import { commandGroups } from "./commands.js";
import { linkToHeading } from "./heading_links.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/** What a block can become, by the names of the commands. */
const KINDS = [
  "Paragraph",
  "Heading 1",
  "Heading 2",
  "Heading 3",
  "Bullet list",
  "Numbered list",
  "Task list",
  "Quote",
  "Code block",
];
/** Blocks that have no text to become another one. */
const FIXED = new Set(["table", "horizontalRule", "image", "file", "details", "unknown-block"]);

/** @type {HTMLElement | null} */
let menu = null;

/**
 * Open the menu of a block of the document.
 * @param {Editor} editor
 * @param {number} index of the block
 * @param {HTMLElement} button the menu stands below it
 * @param {(by: 1 | -1) => void} move
 */
export function openBlockMenu(editor, index, button, move) {
  menu?.remove();
  const { doc } = editor.state;
  const node = doc.child(index);
  const item = (/** @type {string} */ name, /** @type {() => void} */ run, isEnabled = true) =>
    h("button", { type: "button", class: "menu-item", disabled: !isEnabled, onclick: run }, name);
  // Others may have written since the menu was opened: in this block, and then the choice is made again,
  // or before it. The page may only read by now.
  const run = (/** @type {(at: number) => void} */ action) => () => {
    if (!editor.isEditable) return;
    editor.view.focus();
    const present = editor.state.doc;
    if (present.maybeChild(index) === node) action(positionOf(present, index));
    else toast("This block was just changed by somebody else. Open its menu again.");
  };
  const commands = commandGroups(() => {}).flat();
  const kinds = FIXED.has(node.type.name)
    ? []
    : KINDS.flatMap((name) => {
        const command = commands.find((one) => one.name === name);
        return command
          ? [
              item(
                name,
                run((at) => turnInto(editor, at, node, command)),
              ),
            ]
          : [];
      });
  const link = linkToHeading(doc, positionOf(doc, index));
  const groups = [
    [
      item(
        "Move up",
        run(() => move(-1)),
        index > 0,
      ),
      item(
        "Move down",
        run(() => move(1)),
        index < doc.childCount - 1,
      ),
      item(
        "Duplicate",
        run((at) => duplicate(editor, at, node)),
      ),
      ...(link === null ? [] : [item("Copy link to this heading", () => void copyLink(link))]),
      item(
        "Delete",
        run((at) => remove(editor, at, node)),
      ),
    ],
    kinds,
  ].filter((group) => group.length > 0);
  const [actions = [], turns = []] = groups;
  menu = h(
    "div",
    { class: "menu block-menu", popover: "auto", "aria-label": "Block" },
    h("div", { class: "menu-group" }, ...actions),
    ...(turns.length > 0
      ? [
          h(
            "div",
            { class: "menu-group", role: "group", "aria-label": "Turn into" },
            h("p", { class: "block-menu-head muted", "aria-hidden": "true" }, "Turn into"),
            ...turns,
          ),
        ]
      : []),
  );
  document.body.append(menu);
  bindMenu(menu);
  menu.showPopover();
  const room = { width: document.documentElement.clientWidth, height: innerHeight };
  const { top, bottom, left } = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const place = placeOf({ top, bottom, right: left + size.width }, size, room);
  menu.style.inset = `${Math.max(place.top, 0)}px auto auto ${place.left}px`;
  menu.querySelector(/** @type {"button"} */ ("button:not(:disabled)"))?.focus();
}

/** Return the name of the command that makes a block of a kind. @param {Editor["state"]["doc"]} node */
function kindOf({ type, attrs }) {
  if (type.name === "heading") return `Heading ${attrs.level}`;
  /** @type {Record<string, string>} */
  const names = {
    paragraph: "Paragraph",
    bulletList: "Bullet list",
    orderedList: "Numbered list",
    taskList: "Task list",
    blockquote: "Quote",
    codeBlock: "Code block",
  };
  return names[type.name];
}

/** @param {Editor["state"]["doc"]} doc @param {number} index */
export function positionOf(doc, index) {
  let at = 0;
  for (let child = 0; child < index; child += 1) at += doc.child(child).nodeSize;
  return at;
}

/**
 * @param {Editor} editor
 * @param {number} at
 * @param {Editor["state"]["doc"]} node
 * @param {import("./commands.js").Command} command
 */
function turnInto(editor, at, node, command) {
  // All of its text: a list has items, a quote has lines.
  let from = -1;
  let to = -1;
  editor.state.doc.nodesBetween(at, at + node.nodeSize, (one, pos) => {
    if (!one.isTextblock) return;
    if (from < 0) from = pos + 1;
    to = pos + 1 + one.content.size;
  });
  if (from < 0 || kindOf(node) === command.name) return;
  editor.commands.setTextSelection({ from, to });
  editor.chain().clearNodes().run();
  if (command.name !== "Paragraph") command.run(editor, editor.view.dom);
  editor.commands.setTextSelection(editor.state.selection.to);
}

/** @param {Editor} editor @param {number} at @param {Editor["state"]["doc"]} node */
function duplicate({ state, view }, at, node) {
  view.dispatch(state.tr.insert(at + node.nodeSize, node).scrollIntoView());
}

/** @param {Editor} editor @param {number} at @param {Editor["state"]["doc"]} node */
function remove({ state, view }, at, node) {
  const { tr, doc, schema } = state;
  // A document has a block at least.
  if (doc.childCount === 1) tr.replaceWith(at, at + node.nodeSize, schema.node("paragraph"));
  else tr.delete(at, at + node.nodeSize);
  view.dispatch(tr);
}

/** @param {string} link */
async function copyLink(link) {
  const address = `${location.origin}${location.pathname}${link}`;
  const isCopied = await copyToClipboard(address);
  toast(isCopied ? "The link is copied." : `The link is ${address}`);
}
