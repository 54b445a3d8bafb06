/** The "…" menu of a row: a popover at its button, with facts about the row and actions in words. */
import { h, icon } from "./dom.js";
import { bindMenu } from "./menu.js";

/**
 * An action of a menu: what it does, or the address that it opens in a new tab.
 * @typedef {object} MenuAction
 * @property {string} icon
 * @property {string} text
 * @property {() => void} [run]
 * @property {string} [href]
 */

/** Distance of a menu from its button, and from the edges of the window, in pixels. */
const GAP = 4;

/**
 * Return a button with its menu, whose actions are made when it opens.
 * @param {string} label
 * @param {() => MenuAction[]} actions
 * @param {string[]} [facts] lines above the actions
 * @returns {[HTMLButtonElement, HTMLElement]}
 */
export function menuButton(label, actions, facts = []) {
  const menu = h("div", { class: "menu", popover: "auto" });
  const name = { "aria-label": label, "data-tooltip": label };
  const button = h("button", { type: "button", class: "icon-button", ...name }, icon("ellipsis"));
  button.popoverTargetElement = menu;
  menu.addEventListener("beforetoggle", (event) => {
    if (event.newState !== "open") return;
    const lines = facts.map((fact) => h("span", {}, fact));
    const head = lines.length > 0 ? [h("p", { class: "menu-head muted" }, ...lines)] : [];
    menu.replaceChildren(...head, ...actions().map(itemOf));
  });
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    const { top, left } = placeOf(button.getBoundingClientRect(), menu.getBoundingClientRect(), {
      width: document.documentElement.clientWidth,
      height: document.documentElement.clientHeight,
    });
    menu.style.top = `${top + scrollY}px`;
    menu.style.left = `${left + scrollX}px`;
    menu.querySelector(/** @type {"button"} */ ("a, button"))?.focus();
  });
  bindMenu(menu);
  return [button, menu];
}

/** @param {MenuAction} action */
function itemOf({ icon: picture, text, run, href }) {
  const children = [icon(picture), h("span", {}, text)];
  if (href) {
    const link = { class: "menu-item", href, target: "_blank", rel: "noopener" };
    return h("a", link, ...children);
  }
  return h("button", { type: "button", class: "menu-item", onclick: () => run?.() }, ...children);
}

/**
 * Return where a menu stands in the window: below its button, above where there is no room below,
 * at the lower edge where there is no room above either, and with its right edge at that of the button.
 * @param {{top: number, bottom: number, right: number}} button
 * @param {{width: number, height: number}} menu
 * @param {{width: number, height: number}} room
 */
export function placeOf(button, menu, room) {
  const below = button.bottom + GAP;
  const above = button.top - GAP - menu.height;
  const lowest = Math.max(GAP, room.height - GAP - menu.height);
  const left = Math.min(button.right, room.width - GAP) - menu.width;
  const top = above < GAP ? Math.min(below, lowest) : above;
  return { top: below <= lowest ? below : top, left: Math.max(GAP, left) };
}
