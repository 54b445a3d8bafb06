/** A row of the list of documents: title, first words, who wrote last, and the menu of its actions. */
import { actionsFor, ACTIONS } from "../lib/document_actions.js";
import { ago } from "../lib/time.js";
import { editedBy, writersShown } from "../lib/writers.js";
import { colourClass, initials } from "../ui/colours.js";
import { h, icon } from "../ui/dom.js";
import { menuButton } from "../ui/row_menu.js";

/**
 * @typedef {object} DocumentItem
 * @property {string} id
 * @property {string} title
 * @property {string} excerpt the first words of the text; empty where none are stored
 * @property {string} role
 * @property {{id: number, username: string, name: string} | null} owner
 * @property {string} updated_at
 * @property {import("../lib/writers.js").Writer[]} writers the last one first
 * @property {Record<string, boolean>} abilities
 */

/**
 * What the page does with a row.
 * @typedef {object} RowContext
 * @property {string} selfId
 * @property {boolean} mayCreate
 * @property {boolean} inTrash
 * @property {(name: import("../lib/document_actions.js").ActionName, item: DocumentItem) => void} act
 * @property {(item: DocumentItem) => void} restore
 */

/**
 * @param {DocumentItem} item
 * @param {RowContext} context
 */
export function documentRow(item, context) {
  const { selfId, inTrash } = context;
  const title = inTrash
    ? h("span", { class: "row-title", dir: "auto" }, item.title)
    : h("a", { class: "row-title", dir: "auto", href: addressOf(item) }, item.title);
  const excerpt = item.excerpt
    ? [h("span", { class: "row-excerpt", dir: "auto" }, item.excerpt)]
    : [];
  return h(
    "li",
    { class: "row", "data-id": item.id },
    h(
      "div",
      { class: "row-text" },
      h("div", { class: "row-head" }, title, ...excerpt),
      factsOf(item, selfId),
    ),
    faces(item, selfId),
    h("div", { class: "row-actions" }, ...actionsOf(item, context)),
  );
}

/** @param {DocumentItem} item */
function addressOf({ id }) {
  return `/documents/${id}/`;
}

/** @param {DocumentItem} item */
function changedAt({ writers, updated_at: updated }) {
  return writers[0]?.at ?? updated;
}

/**
 * @param {DocumentItem} item
 * @param {string} selfId
 */
function factsOf(item, selfId) {
  const isOwn = item.owner !== null && String(item.owner.id) === selfId;
  const [last] = item.writers;
  const time = changedAt(item);
  const when = h("time", { datetime: time }, ago(time));
  when.dataset.tooltip = new Date(time).toLocaleString();
  const who = editedBy(item.writers, selfId) || "Changed ";
  const facts = h("span", { class: "row-facts" }, who, when);
  if (!isOwn) {
    const owner = item.owner ? `Owner: ${item.owner.name}` : "No owner";
    // The owner who has written last is named already.
    if (!item.owner || item.owner.id !== last?.id) facts.append(" · ", owner);
    facts.append(h("span", { class: "tag" }, item.role));
  }
  return facts;
}

/**
 * Return the faces of the last writers; each has the name as its text.
 * @param {DocumentItem} item
 * @param {string} selfId
 */
function faces(item, selfId) {
  const people = writersShown(item.writers, selfId).map(({ id, label, name }) =>
    h(
      "li",
      { class: `avatar ${colourClass(id)}`, "data-tooltip": label },
      h("span", { "aria-hidden": "true" }, initials(name)),
      h("span", { class: "visually-hidden" }, label),
    ),
  );
  return people.length ? h("ul", { class: "faces", "aria-label": "Last writers" }, ...people) : "";
}

/**
 * @param {DocumentItem} item
 * @param {RowContext} context
 * @returns {HTMLElement[]}
 */
function actionsOf(item, { selfId, inTrash, mayCreate, act, restore }) {
  if (inTrash) {
    const label = `Restore ${item.title}`;
    const button = { type: "button", class: "button", onclick: () => restore(item) };
    return [h("button", { ...button, "aria-label": label }, icon("rotate-ccw"), "Restore")];
  }
  const actions = () =>
    actionsFor(item.abilities, mayCreate).map((name) => {
      const [picture, text] = ACTIONS[name];
      const target = name === "open" ? { href: addressOf(item) } : { run: () => act(name, item) };
      return { icon: picture, text, ...target };
    });
  // What tooltips of the row say, for the keyboard.
  const people = writersShown(item.writers, selfId).map(({ label }) => label);
  const facts = [
    `Changed ${new Date(changedAt(item)).toLocaleString()}`,
    ...(people.length > 0 ? [`Last writers: ${people.join(", ")}`] : []),
  ];
  return menuButton(`Actions for ${item.title}`, actions, facts);
}
