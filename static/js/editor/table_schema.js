/**
 * The nodes of tables, by Tiptap's table kit, with what a page needs to show them. What it needs to
 * edit them is loaded with the first table (`tables.js`).
 */
import { Node, TableCell, TableHeader, TableRow } from "../../vendor/tiptap.js";

/** @typedef {import("../../vendor/tiptap.js").Editor["state"]["doc"]} PMNode */

/** Places of a table's grid that are shown: a larger one is a box. The server's limit is the same. */
export const MAX_TABLE_CELLS = 10_000;

/** The width of a column that has none, in pixels. */
const MIN_COLUMN_PX = 60;
/** @type {Record<string, string>} */
const ROLES = {
  table: "table",
  tableRow: "row",
  tableCell: "cell",
  tableHeader: "header_cell",
};

/**
 * Return the extensions of tables.
 * @param {() => void} [onTable] called when a table is shown
 */
export function tableExtensions(onTable = () => {}) {
  return [Table.configure({ onTable }), TableRow, TableCell, TableHeader];
}

const Table = Node.create({
  name: "table",
  group: "block",
  content: "tableRow+",
  isolating: true,
  addOptions: () => ({ onTable: () => {} }),
  parseHTML: () => [{ tag: "table" }],
  renderHTML: () => ["table", ["tbody", 0]],
  extendNodeSchema: ({ name }) => ({
    ...(ROLES[name] ? { tableRole: ROLES[name] } : {}),
    ...(name === "table" ? { isTooLarge } : {}),
  }),
  addNodeView() {
    return ({ node }) => {
      this.options.onTable();
      return new TableView(node);
    };
  },
});

/**
 * Return whether a table has more places than are shown. Pure.
 * @param {PMNode} table
 */
export function isTooLarge(table) {
  let width = 0;
  let places = 0;
  table.forEach((row) => {
    let own = 0;
    row.forEach(({ attrs: { colspan, rowspan } }) => {
      own += colspan;
      places += colspan * Math.min(rowspan, table.childCount);
    });
    width = Math.max(width, own);
  });
  return Math.max(width * table.childCount, places) > MAX_TABLE_CELLS;
}

/** A table in a box that scrolls sideways, with a `col` for each column. */
class TableView {
  dom = document.createElement("div");
  contentDOM = document.createElement("tbody");
  #table = document.createElement("table");
  #columns = document.createElement("colgroup");
  #type;

  /** @param {PMNode} node */
  constructor(node) {
    this.#type = node.type;
    this.dom.className = "table-scroll";
    this.#table.append(this.#columns, this.contentDOM);
    this.dom.append(this.#table);
    this.#showWidths(node);
  }

  /** @param {PMNode} node */
  update(node) {
    if (node.type !== this.#type) return false;
    this.#showWidths(node);
    return true;
  }

  /** @param {{type: string, target: globalThis.Node}} mutation */
  ignoreMutation({ type, target }) {
    return type !== "selection" && !this.contentDOM.contains(target);
  }

  /** @param {PMNode} node */
  #showWidths(node) {
    /** @type {number[]} */
    const widths = [];
    node.firstChild?.forEach(({ attrs: { colspan, colwidth } }) => {
      for (let at = 0; at < colspan; at += 1) widths.push(colwidth?.[at] || 0);
    });
    while (this.#columns.childElementCount > widths.length)
      this.#columns.lastElementChild?.remove();
    for (const [at, width] of widths.entries()) {
      const column = this.#columns.children[at] ?? document.createElement("col");
      if (!column.parentNode) this.#columns.append(column);
      const wanted = width ? `${width}px` : "";
      const { style } = /** @type {HTMLElement} */ (column);
      if (style.width !== wanted) style.width = wanted;
    }
    const all = widths.reduce((sum, width) => sum + (width || MIN_COLUMN_PX), 0);
    const isFixed = widths.length > 0 && widths.every((width) => width > 0);
    this.#table.style.width = isFixed ? `${all}px` : "";
    this.#table.style.minWidth = isFixed ? "" : `${all}px`;
  }
}
