/**
 * Handles of the row and the column at the pointer, else at the caret: a button at the table's edge,
 * which selects the row or column and opens its menu. By keyboard, the table's menu has the same
 * actions. Loaded with the first table.
 */
import { CellSelection } from "../../vendor/tables.js";
import { Plugin, PluginKey } from "../../vendor/tiptap.js";
import { h, icon } from "../ui/dom.js";
import { loadStyles } from "../ui/styles.js";
import { openActionMenu } from "./action_menu.js";
import { COLUMN_ACTIONS, ROW_ACTIONS, repairTables } from "./tables.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

const KEY = new PluginKey("tableHandles");

/**
 * Show handles in an editor; called once.
 * @param {Editor} editor
 */
export function registerHandles(editor) {
  void loadStyles("tools-styles");
  editor.registerPlugin(new Plugin({ key: KEY, view: () => new TableHandles(editor) }));
}

/** The two buttons, which are shown at one cell. */
class TableHandles {
  #editor;
  #ends = new AbortController();
  /** The cell below the pointer. @type {HTMLElement | null} */
  #hovered = null;
  #row = this.#make("row", "Row");
  #column = this.#make("column", "Column");

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    document.body.append(this.#row, this.#column);
    const options = { signal: this.#ends.signal, passive: true };
    document.addEventListener("pointermove", (event) => this.#onPointer(event), options);
    document.addEventListener("scroll", () => this.update(), { ...options, capture: true });
    window.addEventListener("resize", () => this.update(), options);
    editor.on("focus", this.update);
    editor.on("blur", this.update);
    this.update();
  }

  destroy() {
    this.#ends.abort();
    this.#editor.off("focus", this.update);
    this.#editor.off("blur", this.update);
    this.#row.remove();
    this.#column.remove();
  }

  /** Place the handles; called after each change of the text or the selection. */
  update = () => {
    const cell = this.#editor.isEditable ? this.#cell() : null;
    const box = cell?.closest(".table-scroll");
    this.#row.hidden = this.#column.hidden = !box;
    if (!cell || !box) return;
    const [inner, outer] = [cell.getBoundingClientRect(), box.getBoundingClientRect()];
    const middle = { x: (inner.left + inner.right) / 2, y: (inner.top + inner.bottom) / 2 };
    const isInView = middle.x > outer.left && middle.x < outer.right;
    this.#column.hidden = !isInView;
    place(this.#column, middle.x, outer.top);
    place(this.#row, outer.left, middle.y);
  };

  /** Return the cell at the pointer, else the one at the caret of a focused text. */
  #cell() {
    const { view } = this.#editor;
    if (this.#hovered && view.dom.contains(this.#hovered)) return this.#hovered;
    if (!view.hasFocus()) return null;
    const { node } = view.domAtPos(view.state.selection.head);
    const element = node instanceof Element ? node : node.parentElement;
    return /** @type {HTMLElement | null} */ (element?.closest("td, th") ?? null);
  }

  /** @param {PointerEvent} event */
  #onPointer({ target, pointerType, buttons }) {
    // A finger has no place between two touches; a pressed mouse selects text.
    if (pointerType === "touch" || buttons > 0 || !(target instanceof Element)) return;
    if (target === this.#row || target === this.#column) return;
    const cell = target.closest("td, th");
    const hovered = cell && this.#editor.view.dom.contains(cell) ? cell : null;
    if (hovered === this.#hovered) return;
    this.#hovered = /** @type {HTMLElement | null} */ (hovered);
    this.update();
  }

  /**
   * @param {"row" | "column"} kind
   * @param {string} name
   */
  #make(kind, name) {
    const label = `${name} actions`;
    const attributes = { "aria-label": label, "data-tooltip": label, "aria-haspopup": "menu" };
    return h(
      "button",
      {
        type: "button",
        class: `table-handle is-${kind}`,
        hidden: true,
        tabindex: -1,
        ...attributes,
        // The text keeps the focus, and gets it back after the menu.
        onpointerdown: (event) => event.preventDefault(),
        onclick: () => this.#open(kind, name),
      },
      icon("ellipsis"),
    );
  }

  /**
   * @param {"row" | "column"} kind
   * @param {string} name
   */
  #open(kind, name) {
    const cell = this.#cell();
    if (!cell) return;
    select(this.#editor, cell, kind);
    repairTables(this.#editor);
    const isRow = kind === "row";
    openActionMenu(
      name,
      isRow ? ROW_ACTIONS : COLUMN_ACTIONS,
      this.#editor,
      isRow ? this.#row : this.#column,
    );
  }
}

/**
 * Select the row or column of a cell.
 * @param {Editor} editor
 * @param {HTMLElement} cell
 * @param {"row" | "column"} kind
 */
function select({ view }, cell, kind) {
  const { state } = view;
  const inside = state.doc.resolve(view.posAtDOM(cell, 0));
  for (let { depth } = inside; depth > 0; depth -= 1) {
    if (inside.node(depth).type.spec.tableRole !== "table") continue;
    const $cell = state.doc.resolve(inside.before(depth + 2));
    const selection =
      kind === "row" ? CellSelection.rowSelection($cell) : CellSelection.colSelection($cell);
    view.focus();
    view.dispatch(state.tr.setSelection(selection));
    return;
  }
}

/**
 * Put the middle of a button at a point of the window.
 * @param {HTMLElement} button
 * @param {number} x
 * @param {number} y
 */
function place(button, x, y) {
  button.style.left = `${x + scrollX}px`;
  button.style.top = `${y + scrollY}px`;
}
