/** The banner above the text: one notice at a time, with what to do. */
import { byId, h, icon } from "./dom.js";

/**
 * Show a banner with buttons, in place of the one that is there.
 * @param {string} text
 * @param {{label: string, run: () => void}[]} actions
 * @param {string} [kind] names the banner for `hideBanner`
 */
export function showBanner(text, actions, kind = "content") {
  const banner = byId("banner", HTMLElement);
  const key = `${kind}: ${text}`;
  if (banner.dataset.key === key) return;
  banner.dataset.key = key;
  banner.replaceChildren(
    icon("triangle-alert"),
    h("p", {}, text),
    ...actions.map(({ label, run }) =>
      h("button", { type: "button", class: "button", onclick: run }, label),
    ),
  );
  banner.hidden = false;
}

/**
 * Hide the banner, if it is of this kind.
 * @param {string} kind
 */
export function hideBanner(kind) {
  const banner = byId("banner", HTMLElement);
  if (!banner.dataset.key?.startsWith(`${kind}:`)) return;
  delete banner.dataset.key;
  banner.replaceChildren();
  banner.hidden = true;
}
