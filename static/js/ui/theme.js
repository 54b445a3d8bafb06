/**
 * The theme: light, dark, or the system's. A classic script in the head, which runs before the body
 * is painted, so that a page never flashes in the wrong colours.
 */
(() => {
  const KEY = "scriptorium-theme";
  const NEXT = /** @type {Record<string, string>} */ ({
    system: "light",
    light: "dark",
    dark: "system",
  });
  const ICON = /** @type {Record<string, string>} */ ({
    system: "contrast",
    light: "sun",
    dark: "moon",
  });
  const root = document.documentElement;

  /** @returns {string} */
  function stored() {
    try {
      return localStorage.getItem(KEY) ?? "system";
    } catch {
      return "system"; // A browser without storage follows the system.
    }
  }

  /** @param {string} theme */
  function apply(theme) {
    root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-button]")) {
      const label = `Theme: ${theme}. Change to ${NEXT[theme]}`;
      button.setAttribute("aria-label", label);
      button.setAttribute("data-tooltip", label);
      const text = button.querySelector("[data-theme-text]");
      if (text) text.textContent = `Theme: ${theme}`;
      button.querySelector("use")?.setAttribute("href", `${root.dataset.icons}#${ICON[theme]}`);
    }
  }

  apply(stored());
  document.addEventListener("DOMContentLoaded", () => {
    apply(root.dataset.theme ?? "system");
    for (const button of document.querySelectorAll("[data-theme-button]")) {
      button.addEventListener("click", () => {
        const theme = NEXT[root.dataset.theme ?? "system"] ?? "system";
        try {
          localStorage.setItem(KEY, theme);
        } catch {
          // The choice lasts as long as the page.
        }
        apply(theme);
      });
    }
  });
})();
