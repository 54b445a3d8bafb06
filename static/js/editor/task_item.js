/** The item of a task list: its checkbox has a short name, and is disabled for readers. */
import { TaskItem } from "../../vendor/tiptap.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/** Longest name of a checkbox. */
const MAX_NAME_CHARS = 100;

/**
 * Return the name of a task's checkbox: its own line, without the tasks inside it. Pure.
 * @param {{firstChild: {textContent: string} | null}} item
 */
function taskName({ firstChild }) {
  const text = firstChild?.textContent.trim() ?? "";
  if (text.length <= MAX_NAME_CHARS) return text || "Empty task";
  return `${text.slice(0, MAX_NAME_CHARS)}…`;
}

/** The item with its checkbox. */
export const Task = TaskItem.extend({
  addNodeView() {
    const make = this.parent?.();
    return (props) => {
      if (!make) throw new Error("a task item has a view");
      const view = make(props);
      setDisabled(/** @type {HTMLElement} */ (view.dom), !props.editor.isEditable);
      return view;
    };
  },
}).configure({ nested: true, a11y: { checkboxLabel: (item) => taskName(item) } });

/**
 * Enable or disable all checkboxes, after the editor has become editable or read-only.
 * @param {Editor} editor
 */
export function refreshTasks(editor) {
  setDisabled(editor.view.dom, !editor.isEditable);
}

/**
 * @param {HTMLElement} element
 * @param {boolean} isDisabled
 */
function setDisabled(element, isDisabled) {
  for (const box of element.querySelectorAll("input")) box.disabled = isDisabled;
}
