/**
 * Names for screen readers in the administration, for what Django's own pages and widgets leave
 * without one. A classic script at the end of the body: the widgets are made when the page loads.
 */
(() => {
  /** @param {Element} element @param {string} name */
  function setName(element, name) {
    if (name && !element.hasAttribute("aria-label")) element.setAttribute("aria-label", name);
  }

  /** @param {string} id the field that a label is for */
  function labelOf(id) {
    const label = document.querySelector(`label[for="${CSS.escape(id)}"]`);
    return label?.textContent?.trim().replace(/:$/, "") ?? "";
  }

  function name() {
    const search = document.querySelector("#searchbar");
    if (search) setName(search, "Search");
    for (const tip of document.querySelectorAll(".help-tooltip[aria-label]")) {
      tip.setAttribute("role", "img");
    }
    for (const head of document.querySelectorAll("th.original:empty")) {
      head.innerHTML = '<span class="sr-only">Stored as</span>';
    }
    for (const box of document.querySelectorAll(".select2-selection")) {
      const select = box.closest(".select2")?.previousElementSibling;
      const label = labelOf(select?.id ?? "");
      box.removeAttribute("aria-labelledby");
      setName(box, label);
      const shown = box.querySelector("[role=textbox]");
      if (shown) setName(shown, label);
    }
  }

  addEventListener("load", () => {
    name();
    // Rows that are added to a form have widgets of their own.
    new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
  });
})();
