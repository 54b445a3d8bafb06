/**
 * Changes that the server does not take: refused ones, which are set aside, and those of a person who
 * may only read now. The banner says why, and what can be done with them.
 */
import { waitingNotice } from "../sync/waiting_notice.js";
import { hideBanner, showBanner } from "../ui/banner.js";
import { copyToClipboard } from "../ui/clipboard.js";
import { byId } from "../ui/dom.js";
import { toast, toastError } from "../ui/toast.js";

/** @typedef {import("../sync/outbox.js").ParkedOperation} ParkedOperation */

const BANNER = "waiting";

/** The changes of one page that wait for the person's word. */
export class WaitingChanges {
  #provider;
  #outbox;
  #discard;
  #parked;
  #isBusy = false;

  /**
   * @param {object} options
   * @param {import("../sync/provider.js").Provider} options.provider
   * @param {import("../sync/outbox.js").Outbox} options.outbox
   * @param {ParkedOperation[]} options.parked what an earlier page has set aside
   * @param {() => Promise<void>} options.discard forgets what is not stored, and loads the page again
   */
  constructor({ provider, outbox, parked, discard }) {
    this.#parked = parked;
    this.#provider = provider;
    this.#outbox = outbox;
    this.#discard = discard;
  }

  /** Show the banner, if it has no other notice. */
  show() {
    const { state } = this.#provider;
    const isReader = !state.writable && state.unsaved > 0 && !state.stopped;
    const text = waitingNotice(this.#parked, isReader ? state.unsaved : 0);
    if (!text) {
      hideBanner(BANNER);
      return;
    }
    const banner = byId("banner", HTMLElement);
    if (!banner.hidden && !banner.dataset.key?.startsWith(`${BANNER}:`)) return;
    showBanner(text, isReader ? this.#readerActions() : this.#parkedActions(), BANNER);
  }

  #readerActions() {
    return [
      { label: "Copy them", run: () => void this.#once(() => this.#copyUnsaved()) },
      { label: "Discard them", run: () => void this.#once(() => this.#discard()) },
    ];
  }

  #parkedActions() {
    const text = this.#parked.map((parked) => parked.text).join("\n\n");
    const actions = [
      { label: "Try again", run: () => void this.#once(() => this.#retry()) },
      { label: "Give it up", run: () => void this.#once(() => this.#giveUp()) },
    ];
    if (text.trim()) actions.unshift({ label: "Copy it", run: () => void copy(text) });
    return actions;
  }

  async #copyUnsaved() {
    await copy(await this.#provider.unsavedText());
  }

  async #retry() {
    let isPlaceGone = false;
    for (const parked of [...this.#parked]) {
      if (await this.#provider.retry(parked)) {
        this.#parked = this.#parked.filter((one) => one !== parked);
      } else {
        isPlaceGone = true;
      }
    }
    if (isPlaceGone) toast("The place of this change in the text is gone. Copy it instead.");
  }

  async #giveUp() {
    await this.#outbox.giveUp(this.#parked.map(({ id }) => id));
    this.#parked = [];
    toast("The change is given up.");
  }

  /**
   * Do one thing at a time with the changes, and show what is left.
   * @param {() => Promise<void>} action
   */
  async #once(action) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await action();
    } catch (error) {
      toastError(error);
    } finally {
      this.#isBusy = false;
      this.show();
    }
  }
}

/** @param {string} text */
async function copy(text) {
  toast((await copyToClipboard(text)) ? "The text is copied." : "The text could not be copied.");
}
