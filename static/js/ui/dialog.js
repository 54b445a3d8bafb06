/** Modal dialogs on the browser's <dialog>, which handles focus, Escape and the backdrop. */
import { h, icon } from "./dom.js";

/**
 * Open a dialog with a heading and a close button; it is removed when it is closed.
 * @param {string} heading
 * @param {...(Node | string)} children
 * @returns {HTMLDialogElement}
 */
export function openDialog(heading, ...children) {
  const id = `dialog-${crypto.randomUUID()}`;
  const close = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => dialog.close() },
    icon("x"),
  );
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-labelledby": id },
    h("header", { class: "dialog-head" }, h("h2", { id }, heading), close),
    ...children,
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector(/** @type {"input"} */ ("[autofocus]"))?.focus();
  return dialog;
}

/**
 * Ask for one line of text; resolves to null if the dialog is closed without an answer.
 * @param {{heading: string, label: string, value: string, button: string, type?: string,
 *   maxlength?: number, placeholder?: string, validate?: (value: string) => string}} question
 * @returns {Promise<string | null>}
 */
export function ask({ heading, label, value, button, type = "text", maxlength = 200, ...more }) {
  return new Promise((resolve) => {
    /** @type {string | null} */
    let answer = null;
    const input = h("input", {
      type,
      value,
      maxlength,
      autofocus: true,
      class: "field",
      placeholder: more.placeholder ?? "",
    });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const problem = more.validate?.(input.value) ?? "";
      input.setCustomValidity(problem);
      if (problem) {
        input.reportValidity();
        return;
      }
      answer = input.value;
      dialog.close();
    };
    input.addEventListener("input", () => input.setCustomValidity(""));
    const dialog = openDialog(
      heading,
      h(
        "form",
        { class: "stack", onsubmit: submit, novalidate: true },
        h("label", { class: "stack-tight" }, h("span", { class: "label" }, label), input),
        h(
          "div",
          { class: "dialog-foot" },
          h("button", { type: "submit", class: "button primary" }, button),
        ),
      ),
    );
    input.select();
    dialog.addEventListener("close", () => resolve(answer));
  });
}
