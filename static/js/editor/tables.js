/** Editing of tables: keys, cells that are selected, widths by the mouse, commands. Loaded when needed. */
import {
  CellSelection,
  addColumnAfter,
  addColumnBefore,
  addRowAfter,
  addRowBefore,
  columnResizing,
  deleteColumn,
  deleteRow,
  deleteTable,
  fixTables,
  goToNextCell,
  isInTable,
  mergeCells,
  selectedRect,
  setCellAttr,
  splitCell,
  tableEditing,
  toggleHeader,
} from "../../vendor/tables.js";
import { Plugin, PluginKey } from "../../vendor/tiptap.js";
import { duplicateColumns, duplicateRows, moveColumns, moveRows } from "./table_moves.js";
import { MAX_TABLE_CELLS } from "./table_schema.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {Editor["state"]} State */
/** @typedef {import("./action_menu.js").Action} Action */
/** @typedef {(state: State, dispatch?: Editor["view"]["dispatch"]) => boolean} Command */

/** The narrowest and widest column, and one step of the keyboard, in pixels. */
const COLUMN_PX = { least: 40, most: 2_000, step: 40, first: 120 };
/** Rows and columns of a new table. */
const NEW_TABLE = { rows: 3, columns: 3 };

const KEYS = new PluginKey("tableKeys");

/**
 * Let an editor edit tables; called once.
 * @param {Editor} editor
 */
export function registerTables(editor) {
  const first = (/** @type {Plugin} */ plugin, /** @type {Plugin[]} */ plugins) => [
    plugin,
    ...plugins,
  ];
  editor.registerPlugin(tableEditing(), first);
  editor.registerPlugin(
    columnResizing({ cellMinWidth: COLUMN_PX.least, View: null, handleWidth: 6 }),
    first,
  );
  editor.registerPlugin(
    new Plugin({ key: KEYS, props: { handleKeyDown: (_view, event) => onKey(editor, event) } }),
    first,
  );
}

/** @param {Editor} editor @param {KeyboardEvent} event */
function onKey(editor, event) {
  const { state, view } = editor;
  if (!editor.isEditable || !isInTable(state) || event.ctrlKey || event.metaKey || event.altKey) {
    return false;
  }
  if (event.key === "Tab" && !isInList(state)) {
    if (event.shiftKey) return goToNextCell(-1)(state, view.dispatch) || true;
    if (goToNextCell(1)(state, view.dispatch)) return true;
    repairTables(editor);
    if (!isFull(editor.state, "row")) addRowAfter(editor.state, view.dispatch);
    return goToNextCell(1)(editor.state, view.dispatch);
  }
  if (event.key === "Backspace" || event.key === "Delete") {
    const { selection } = state;
    const isWhole =
      selection instanceof CellSelection &&
      selection.isColSelection() &&
      selection.isRowSelection();
    return isWhole && deleteTable(state, view.dispatch);
  }
  return false;
}

/** Return whether the caret is in a list within its cell. @param {State} state */
function isInList({ selection: { $from } }) {
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    const { name, spec } = $from.node(depth).type;
    if (spec.tableRole) return false;
    if (name === "listItem" || name === "taskItem") return true;
  }
  return false;
}

/** Return whether one more row or column would make the table too large. @param {State} state @param {"row" | "column"} what */
function isFull(state, what) {
  const { map } = selectedRect(state);
  const added = what === "row" ? map.width : map.height;
  return map.width * map.height + added > MAX_TABLE_CELLS;
}

/**
 * Insert a table with a head at the selection, with a paragraph behind it where it would be the end.
 * @param {Editor} editor
 */
export function insertTable(editor) {
  const cells = (/** @type {string} */ type) =>
    Array.from({ length: NEW_TABLE.columns }, () => ({ type, content: [{ type: "paragraph" }] }));
  const content = Array.from({ length: NEW_TABLE.rows }, (_, row) => ({
    type: "tableRow",
    content: cells(row === 0 ? "tableHeader" : "tableCell"),
  }));
  editor
    .chain()
    .focus()
    .command(({ tr, state: { schema } }) => {
      const table = schema.nodeFromJSON({ type: "table", content });
      const { $from } = tr.selection;
      const block = $from.depth > 0 ? $from.node(1) : null;
      const isEmpty = $from.depth === 1 && block?.isTextblock && block.content.size === 0;
      const at = $from.depth === 0 ? $from.pos : isEmpty ? $from.before(1) : $from.after(1);
      const end = isEmpty ? $from.after(1) : at;
      const isLast = end === tr.doc.content.size;
      const paragraph = schema.node("paragraph");
      tr.replaceWith(at, end, isLast ? [table, paragraph] : [table]);
      const { selection } = tr;
      // The first cell: the table, its row, the cell and the paragraph begin before it.
      tr.setSelection(/** @type {any} */ (selection.constructor).near(tr.doc.resolve(at + 4)));
      tr.scrollIntoView();
      return true;
    })
    .run();
}

/**
 * Repair the tables in which edits of several people have left holes. Only before the person changes
 * a table: pages that repaired each other's tables would let them grow without end.
 * @param {Editor} editor
 */
export function repairTables({ state, view }) {
  const repaired = fixTables(state);
  if (repaired) view.dispatch(repaired);
}

/**
 * Return whether the selection is in a table.
 * @param {Editor} editor
 */
export function isAtTable({ state }) {
  return isInTable(state);
}

const canAddRow = (/** @type {State} */ state) => !isFull(state, "row");
const canAddColumn = (/** @type {State} */ state) => !isFull(state, "column");
const ADD_ROWS = [
  action("Add row above", addRowBefore, canAddRow),
  action("Add row below", addRowAfter, canAddRow),
];
const ADD_COLUMNS = [
  action("Add column left", addColumnBefore, canAddColumn),
  action("Add column right", addColumnAfter, canAddColumn),
];
const MOVE_ROWS = [
  action("Move row up", moveRows(-1)),
  action("Move row down", moveRows(1)),
  action("Duplicate row", duplicateRows, canAddRow),
];
const MOVE_COLUMNS = [
  action("Move column left", moveColumns(-1)),
  action("Move column right", moveColumns(1)),
  action("Duplicate column", duplicateColumns, canAddColumn),
];
const HEADER_ROW = action("Header row", toggleHeader("row", { useDeprecatedLogic: false }));
const HEADER_COLUMN = action(
  "Header column",
  toggleHeader("column", { useDeprecatedLogic: false }),
);
const ALIGN = [
  action("Align left", setCellAttr("align", null)),
  action("Align centre", setCellAttr("align", "center")),
  action("Align right", setCellAttr("align", "right")),
];
const WIDTH = [
  action("Wider column", widthBy(COLUMN_PX.step)),
  action("Narrower column", widthBy(-COLUMN_PX.step)),
];
const DELETE_ROW = action("Delete row", deleteRow);
const DELETE_COLUMN = action("Delete column", deleteColumn);

/** What can be done with the row, and with the column, of a handle. @type {Action[][]} */
export const ROW_ACTIONS = [ADD_ROWS, MOVE_ROWS, [HEADER_ROW], [DELETE_ROW]];
/** @type {Action[][]} */
export const COLUMN_ACTIONS = [
  ADD_COLUMNS,
  MOVE_COLUMNS,
  [HEADER_COLUMN, ...ALIGN, ...WIDTH],
  [DELETE_COLUMN],
];
/** What can be done with the table at the caret, in groups. @type {Action[][]} */
export const TABLE_ACTIONS = [
  [...ADD_ROWS, ...ADD_COLUMNS],
  [...MOVE_ROWS, ...MOVE_COLUMNS],
  [HEADER_ROW, HEADER_COLUMN, action("Merge cells", mergeCells), action("Split cell", splitCell)],
  [...ALIGN, ...WIDTH],
  [DELETE_ROW, DELETE_COLUMN, action("Delete table", deleteTable)],
];

/**
 * @param {string} name
 * @param {Command} command
 * @param {(state: State) => boolean} [mayRun]
 * @returns {Action}
 */
function action(name, command, mayRun = () => true) {
  return {
    name,
    run: (editor) => {
      editor.view.focus();
      if (isInTable(editor.state) && mayRun(editor.state)) {
        command(editor.state, editor.view.dispatch);
      }
    },
    isEnabled: ({ state }) => isInTable(state) && mayRun(state) && command(state),
  };
}

/**
 * Return the command that makes the columns of the selection wider.
 * @param {number} by pixels; negative for narrower
 * @returns {Command}
 */
function widthBy(by) {
  return (state, dispatch) => {
    const { map, tableStart, table, left, right } = selectedRect(state);
    if (!dispatch) return true;
    const { tr } = state;
    const cells = new Set(map.map);
    for (const at of cells) {
      const node = table.nodeAt(at);
      if (!node) continue;
      const { left: first } = map.findCell(at);
      const { colspan, colwidth } = node.attrs;
      const widths = colwidth ? [...colwidth] : Array.from({ length: colspan }, () => 0);
      let isChanged = false;
      for (
        let column = Math.max(first, left);
        column < Math.min(first + colspan, right);
        column += 1
      ) {
        const width = (widths[column - first] || COLUMN_PX.first) + by;
        widths[column - first] = Math.min(Math.max(width, COLUMN_PX.least), COLUMN_PX.most);
        isChanged = true;
      }
      if (isChanged) tr.setNodeAttribute(tableStart + at, "colwidth", widths);
    }
    dispatch(tr);
    return true;
  };
}
