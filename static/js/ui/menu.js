/** Menus of a page's header: popovers of the browser, which closes them by Escape or a click beside. */

/**
 * Close a menu when one of its actions is chosen; its switches leave it open.
 * @param {HTMLElement} menu
 */
export function bindMenu(menu) {
  // Before the action: a dialog then gives the focus back to the button of the menu.
  menu.addEventListener(
    "click",
    (event) => {
      const action = event.target instanceof Element ? event.target.closest("button, a") : null;
      if (action && !action.hasAttribute("data-theme-button")) menu.hidePopover();
    },
    { capture: true },
  );
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const actions = [...menu.querySelectorAll(/** @type {"button"} */ ("button, a"))].filter(
      (action) => action.checkVisibility(),
    );
    const at = actions.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    actions.at((at + step) % actions.length)?.focus();
  });
}
