/** Presence: the avatars of the people who are here, and the names on carets that have moved. */
import { colourClass, initials } from "../ui/colours.js";
import { h } from "../ui/dom.js";

/** @typedef {import("../lib/api.js").Person} Person */

/** Avatars that are shown; the others are a number. */
const MAX_AVATARS = 5;
/** A caret that has moved shows its name for so long. */
const CARET_NAME_MS = 2_500;

/**
 * Return the people of awareness states without duplicates, the person at this page first. Pure.
 *
 * `user` is set by the server; a client that has sent no state yet has none.
 * @param {Iterable<Record<string, any> | null>} states
 * @param {Person} self
 * @returns {Person[]}
 */
export function peopleOf(states, self) {
  const found = new Map([[self.id, self]]);
  for (const state of states) {
    const { id, username, name } = userOf(state);
    if (id && !found.has(id)) found.set(id, { id, username, name });
  }
  return [...found.values()];
}

/**
 * Return the user of an awareness state; a field that is no text is empty. Pure.
 * @param {Record<string, any> | null | undefined} state
 * @returns {Person}
 */
export function userOf(state) {
  const user = state?.user;
  return { id: textOf(user?.id), username: textOf(user?.username), name: textOf(user?.name) };
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === "string" ? value : "";
}

/**
 * Keep the avatars in `place` up to date.
 * @param {HTMLElement} place
 * @param {import("../sync/provider.js").Provider} provider
 * @param {Person} self
 */
export function mountPresence(place, provider, self) {
  const { awareness } = provider;
  let shown = "";
  const refresh = () => {
    const people = peopleOf(awareness.getStates().values(), self);
    const key = people.map(({ id, name }) => `${id} ${name}`).join("\n");
    if (key === shown) return;
    shown = key;
    place.replaceChildren(...avatars(people, self));
    // By keyboard the names are at the whole list: one stop for all.
    place.tabIndex = 0;
    place.dataset.tooltip = people.map((person) => labelOf(person, self)).join(", ");
  };
  awareness.on("change", refresh);
  awareness.on("change", (/** @type {{updated: number[]}} */ { updated }) => {
    for (const client of updated) showName(userOf(awareness.getStates().get(client)).id);
  });
  refresh();
}

/**
 * @param {Person[]} people
 * @param {Person} self
 */
function avatars(people, self) {
  const items = people.slice(0, MAX_AVATARS).map((person) => {
    const { id, name, username } = person;
    const label = labelOf(person, self);
    return h(
      "li",
      { class: `avatar ${colourClass(id)}`, "data-tooltip": label, "data-user": id },
      h("span", { "aria-hidden": "true" }, initials(name || username)),
      h("span", { class: "visually-hidden" }, label),
    );
  });
  const rest = people.slice(MAX_AVATARS);
  if (rest.length > 0) {
    const names = rest.map((person) => labelOf(person, self)).join(", ");
    items.push(
      h(
        "li",
        { class: "avatar avatar-rest", "data-tooltip": names },
        h("span", { "aria-hidden": "true" }, `+${rest.length}`),
        h("span", { class: "visually-hidden" }, names),
      ),
    );
  }
  return items;
}

/**
 * @param {Person} person
 * @param {Person} self
 */
function labelOf({ id, name, username }, self) {
  return id === self.id ? `${name || username} (you)` : name || username;
}

/** @type {Map<string, ReturnType<typeof setTimeout>>} */
const nameTimers = new Map();

/**
 * Show the name on a person's caret for a short time.
 * @param {string} userId
 */
function showName(userId) {
  const toggle = (/** @type {boolean} */ fresh) => {
    for (const caret of document.querySelectorAll(`.caret[data-user="${CSS.escape(userId)}"]`)) {
      caret.classList.toggle("is-fresh", fresh);
    }
  };
  toggle(true);
  clearTimeout(nameTimers.get(userId));
  nameTimers.set(
    userId,
    setTimeout(() => toggle(false), CARET_NAME_MS),
  );
}
