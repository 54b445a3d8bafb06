/** The chip of the header that shows how the document is connected and saved. */
import { byId, h, icon } from "../ui/dom.js";
import { StatusAnnouncer } from "../sync/status_announcer.js";

/** Nothing more is typed for so long before the chip says *Saved*. */
const SAVED_PAUSE_MS = 300;

export class StatusChip {
  #announcer;
  /** When the chip says *Saved*. @type {ReturnType<typeof setTimeout> | undefined} */
  #savedTimer;

  /** @param {(text: string) => void} announce */
  constructor(announce) {
    this.#announcer = new StatusAnnouncer(announce);
  }

  /**
   * Show a status. *Saved* follows *Saving…* only when nothing more is typed for a moment: with others
   * in the document each letter is saved by itself, and the chip would flicker.
   * @param {import("../sync/status.js").Status} status
   */
  show(status) {
    const chip = byId("status", HTMLElement);
    clearTimeout(this.#savedTimer);
    const draw = () => {
      if (chip.textContent === status.text) return;
      chip.dataset.kind = status.kind;
      chip.replaceChildren(icon(status.icon), h("span", {}, status.text));
    };
    this.#announcer.update(status);
    if (status.kind === "saved" && chip.dataset.kind === "saving") {
      this.#savedTimer = setTimeout(draw, SAVED_PAUSE_MS);
    } else {
      draw();
    }
  }
}
