/** The toolbar: one tab stop, arrow keys inside (WAI-ARIA toolbar pattern). */
import { commandGroups } from "./commands.js";
import { keysLabel } from "./keys_label.js";
import { ask } from "../ui/dialog.js";
import { h, icon } from "../ui/dom.js";
import { linkFrom } from "../lib/links.js";
import { followKeyboard } from "./screen_keyboard.js";
import { readSelection } from "./selection.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/**
 * Fill `place` with the buttons of `editor`.
 * @param {HTMLElement} place
 * @param {Editor} editor
 * @param {() => void} pickFiles lets the person choose files to upload
 */
export function mountToolbar(place, editor, pickFiles) {
  /** @type {{command: import("./commands.js").Command, button: HTMLButtonElement}[]} */
  const entries = [];
  for (const group of commandGroups((target) => void editLink(target), pickFiles)) {
    const buttons = group.map((command) => {
      const button = h(
        "button",
        {
          type: "button",
          class: "tool",
          "aria-label": command.name,
          "data-tooltip": command.keys
            ? `${command.name} (${keysLabel(command.keys)})`
            : command.name,
          tabindex: -1,
          // The text keeps its selection when a button is pressed by the mouse.
          onmousedown: (event) => event.preventDefault(),
          onclick: () => {
            readSelection(editor.view);
            if (button.getAttribute("aria-disabled") !== "true") command.run(editor, button);
          },
        },
        icon(command.icon),
      );
      entries.push({ command, button });
      return button;
    });
    if (place.childElementCount > 0) place.append(h("span", { class: "tool-line" }));
    place.append(h("div", { class: "tool-group" }, ...buttons));
  }
  const buttons = entries.map(({ button }) => button);
  buttons[0]?.setAttribute("tabindex", "0");
  place.addEventListener("keydown", (event) => onKey(event, buttons, editor));
  place.addEventListener("focusin", (event) => {
    for (const button of buttons) button.tabIndex = button === event.target ? 0 : -1;
  });
  // Without a caret in the text nothing is active.
  let hasCaret = false;
  const refresh = () => {
    hasCaret ||= editor.isFocused;
    for (const { command, button } of entries) {
      const enabled = editor.isEditable && (command.isEnabled?.(editor) ?? true);
      button.setAttribute("aria-disabled", String(!enabled));
      const isActive = hasCaret && command.isActive?.(editor) === true;
      if (command.isActive) button.setAttribute("aria-pressed", String(isActive));
    }
  };
  // Once for all transactions of one key, after the undo manager has handled them.
  let isWaiting = false;
  const refreshSoon = () => {
    if (isWaiting) return;
    isWaiting = true;
    queueMicrotask(() => {
      isWaiting = false;
      refresh();
    });
  };
  editor.on("transaction", ({ transaction }) => {
    // The caret of another person changes no button.
    const { docChanged, selectionSet, storedMarksSet } = transaction;
    if (docChanged || selectionSet || storedMarksSet) refreshSoon();
  });
  editor.on("update", refreshSoon);
  editor.on("focus", refreshSoon);
  refresh();
  followKeyboard(place, editor);
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLButtonElement[]} buttons
 * @param {Editor} editor
 */
function onKey(event, buttons, editor) {
  if (event.key === "Escape") {
    editor.view.focus();
    return;
  }
  const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  const to = /** @type {Record<string, number>} */ ({
    ArrowRight: (at + 1) % buttons.length,
    ArrowLeft: (at - 1 + buttons.length) % buttons.length,
    Home: 0,
    End: buttons.length - 1,
  })[event.key];
  if (to === undefined) return;
  event.preventDefault();
  buttons[to]?.focus();
}

/**
 * Ask for the address of the link at the selection; an empty one removes the link.
 * @param {Editor} editor
 */
export async function editLink(editor) {
  const value = String(editor.getAttributes("link").href ?? "");
  const typed = await ask({
    heading: "Link",
    label: value ? "Address (leave it empty to remove the link)" : "Address",
    value,
    button: "Apply",
    maxlength: 2_000,
    placeholder: "example.org",
    validate: (text) =>
      text.trim() === "" || linkFrom(text)
        ? ""
        : "Enter a web address, an email address or a phone number.",
  });
  editor.view.focus();
  if (typed === null) return;
  const href = linkFrom(typed);
  const { empty, head } = editor.state.selection;
  const chain = editor.chain().focus().extendMarkRange("link");
  if (href === null) chain.unsetLink().run();
  else if (empty && !value) {
    chain
      .insertContent({
        type: "text",
        text: typed.trim(),
        marks: [{ type: "link", attrs: { href } }],
      })
      .run();
  } else if (empty) chain.setLink({ href }).setTextSelection(head).run();
  else chain.setLink({ href }).run();
}
