/** Commands of tables that the library lacks: rows and columns change places, or are duplicated. */
import { selectedRect } from "../../vendor/tables.js";

/** @typedef {import("../../vendor/tiptap.js").Editor["state"]} State */
/** @typedef {import("./tables.js").Command} Command */
/** @typedef {ReturnType<typeof selectedRect>} Rect */

/**
 * Return the command that moves the rows of the selection past the row beside them.
 * @param {-1 | 1} by up or down
 * @returns {Command}
 */
export function moveRows(by) {
  return (state, dispatch) => {
    const rect = selectedRect(state);
    const from = by < 0 ? rect.top - 1 : rect.top;
    const to = by < 0 ? rect.bottom : rect.bottom + 1;
    const between = by < 0 ? rect.top : rect.bottom;
    const isPossible = from >= 0 && to <= rect.map.height;
    if (!isPossible || ![from, between, to].every((row) => isRowEdge(rect, row))) return false;
    // The row beside is what moves, so that the selection stays with its rows.
    const other = by < 0 ? from : to - 1;
    const at = rowStart(rect, other);
    const row = rect.table.child(other);
    const { tr } = state;
    tr.delete(at, at + row.nodeSize);
    tr.insert(tr.mapping.map(rowStart(rect, by < 0 ? to : from)), row);
    dispatch?.(tr.scrollIntoView());
    return true;
  };
}

/**
 * Return the command that moves the columns of the selection past the column beside them.
 * @param {-1 | 1} by left or right
 * @returns {Command}
 */
export function moveColumns(by) {
  return (state, dispatch) => {
    const rect = selectedRect(state);
    const from = by < 0 ? rect.left - 1 : rect.left;
    const to = by < 0 ? rect.right : rect.right + 1;
    const between = by < 0 ? rect.left : rect.right;
    const isPossible = from >= 0 && to <= rect.map.width;
    if (!isPossible || ![from, between, to].every((column) => isColumnEdge(rect, column))) {
      return false;
    }
    const { tr } = state;
    for (let row = rect.map.height - 1; row >= 0; row -= 1) {
      const other = by < 0 ? cellsOf(rect, row, from, between) : cellsOf(rect, row, between, to);
      const own = by < 0 ? cellsOf(rect, row, between, to) : cellsOf(rect, row, from, between);
      if (other.nodes.length === 0 || own.nodes.length === 0) continue;
      tr.delete(other.start, other.end);
      tr.insert(
        tr.mapping.slice(tr.steps.length - 1).map(by < 0 ? own.end : own.start),
        other.nodes,
      );
    }
    dispatch?.(tr.scrollIntoView());
    return true;
  };
}

/**
 * Insert a copy of the rows of the selection below them.
 * @type {Command}
 */
export function duplicateRows(state, dispatch) {
  const rect = selectedRect(state);
  if (!isRowEdge(rect, rect.top) || !isRowEdge(rect, rect.bottom)) return false;
  const rows = [];
  for (let row = rect.top; row < rect.bottom; row += 1) rows.push(rect.table.child(row));
  dispatch?.(state.tr.insert(rowStart(rect, rect.bottom), rows));
  return true;
}

/**
 * Insert a copy of the columns of the selection to the right of them.
 * @type {Command}
 */
export function duplicateColumns(state, dispatch) {
  const rect = selectedRect(state);
  if (!isColumnEdge(rect, rect.left) || !isColumnEdge(rect, rect.right)) return false;
  const { tr } = state;
  for (let row = rect.map.height - 1; row >= 0; row -= 1) {
    const { end, nodes } = cellsOf(rect, row, rect.left, rect.right);
    if (nodes.length > 0) tr.insert(end, nodes);
  }
  dispatch?.(tr);
  return true;
}

/** Return whether no cell reaches over the upper edge of a row. @param {Rect} rect @param {number} row */
function isRowEdge({ map: { map, width, height } }, row) {
  if (row === 0 || row === height) return true;
  for (let at = row * width; at < (row + 1) * width; at += 1) {
    if (map[at] === map[at - width]) return false;
  }
  return true;
}

/** Return whether no cell reaches over the left edge of a column. @param {Rect} rect @param {number} column */
function isColumnEdge({ map: { map, width, height } }, column) {
  if (column === 0 || column === width) return true;
  for (let row = 0; row < height; row += 1) {
    const at = row * width + column;
    if (map[at] === map[at - 1]) return false;
  }
  return true;
}

/** Return where a row begins in the document. @param {Rect} rect @param {number} row */
function rowStart({ table, tableStart }, row) {
  let at = tableStart;
  for (let before = 0; before < row; before += 1) at += table.child(before).nodeSize;
  return at;
}

/**
 * Return the cells of a row that begin in it and between two columns.
 * @param {Rect} rect
 * @param {number} row
 * @param {number} left
 * @param {number} right
 */
function cellsOf({ map, table, tableStart }, row, left, right) {
  const starts = new Set();
  for (let column = left; column < right; column += 1) {
    const at = map.map[row * map.width + column];
    if (at !== undefined && map.findCell(at).top === row) starts.add(at);
  }
  const cells = [...starts].map((at) => ({ at, node: table.nodeAt(at) }));
  const last = cells.at(-1);
  return {
    start: tableStart + (cells[0]?.at ?? 0),
    end: tableStart + (last ? last.at + (last.node?.nodeSize ?? 0) : 0),
    nodes: cells.flatMap(({ node }) => node ?? []),
  };
}
