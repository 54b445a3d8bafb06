/** A question before an action that cannot be undone. */
import { openDialog } from "./dialog.js";
import { h } from "./dom.js";

/**
 * Ask; resolves to false if the dialog is closed without the action.
 * @param {{heading: string, text: string, button: string}} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ heading, text, button }) {
  return new Promise((resolve) => {
    let isConfirmed = false;
    const choose = (/** @type {boolean} */ value) => {
      isConfirmed = value;
      dialog.close();
    };
    const cancel = { type: "button", class: "button", onclick: () => choose(false) };
    const act = { type: "button", class: "button primary", autofocus: true };
    const dialog = openDialog(
      heading,
      h(
        "div",
        { class: "stack" },
        h("p", {}, text),
        h(
          "div",
          { class: "dialog-foot" },
          h("button", cancel, "Cancel"),
          h("button", { ...act, onclick: () => choose(true) }, button),
        ),
      ),
    );
    dialog.addEventListener("close", () => resolve(isConfirmed));
  });
}
