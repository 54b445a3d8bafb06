/** A menu of the editor's actions, in groups, below the button that opens it. Loaded when needed. */
import { h } from "../ui/dom.js";
import { bindMenu } from "../ui/menu.js";
import { placeOf } from "../ui/row_menu.js";
import { keysLabel } from "./keys_label.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/**
 * @typedef {object} Action
 * @property {string} name
 * @property {string} [keys] as Tiptap writes them
 * @property {string} [swatch] the colour that it sets
 * @property {string} [words] other words for a block, by which the menu behind `/` finds it
 * @property {(editor: Editor) => void} run
 * @property {(editor: Editor) => boolean} [isEnabled]
 * @property {(editor: Editor) => boolean} [isActive]
 */

/** @type {HTMLElement | null} */
let menu = null;

/**
 * Open a menu.
 * @param {string} label
 * @param {Action[][]} groups
 * @param {Editor} editor
 * @param {HTMLElement} button the menu stands below it
 */
export function openActionMenu(label, groups, editor, button) {
  menu?.remove();
  const made = groups.map((group) =>
    h("div", { class: "menu-group" }, ...group.map((action) => itemOf(action, editor))),
  );
  menu = h("div", { class: "menu action-menu", popover: "auto", "aria-label": label }, ...made);
  document.body.append(menu);
  bindMenu(menu);
  menu.showPopover();
  const room = { width: document.documentElement.clientWidth, height: innerHeight };
  const size = menu.getBoundingClientRect();
  const { top, left } = placeOf(button.getBoundingClientRect(), size, room);
  menu.style.inset = `${Math.max(top, 0)}px auto auto ${left}px`;
  menu.querySelector(/** @type {"button"} */ ("button:not(:disabled)"))?.focus();
}

/**
 * @param {Action} action
 * @param {Editor} editor
 */
function itemOf({ name, keys, swatch, run, isEnabled, isActive }, editor) {
  const item = h(
    "button",
    {
      type: "button",
      class: "menu-item",
      disabled: isEnabled?.(editor) === false,
      // The page may only read by now.
      onclick: () => editor.isEditable && run(editor),
    },
    ...(swatch ? [h("mark", { class: "swatch", "data-color": swatch })] : []),
    h("span", {}, name),
    ...(keys ? [h("kbd", { class: "menu-key", "aria-hidden": "true" }, keysLabel(keys))] : []),
  );
  if (isActive) item.setAttribute("aria-pressed", String(isActive(editor)));
  return item;
}
