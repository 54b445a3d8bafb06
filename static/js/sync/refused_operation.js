/** What becomes of an operation that the server has refused, and of those that follow it. */
import { isClientRefused } from "./refusals.js";

/** What people read while a change is written again. */
const RENEWAL =
  "A change of this page could not be stored as it was. The page loads again with it.";
/** What people read while a change is set aside, behind the server's reason. */
const PARKING = "The page loads again without this change, which is kept apart.";

/** @typedef {import("./outbox.js").Refusal} Refusal */

export class RefusedOperation {
  #outbox;
  /** @type {Refusal | null} */
  #refusal = null;

  /** @param {import("./outbox.js").Outbox} outbox */
  constructor(outbox) {
    this.#outbox = outbox;
  }

  /**
   * Note a refusal; return how the connection stops, and what people read. Operations that outlive
   * the page are written again without the refused one, or with it under another client id. Else
   * everything is kept until the person tries again.
   * @param {Refusal} refusal
   * @returns {{kind: "renewal" | "refused", reason: string}}
   */
  note({ id, code, message }) {
    const reason = message || "The server did not accept a change.";
    if (!this.#outbox.willBeStored || !this.#outbox.has(id)) return { kind: "refused", reason };
    this.#refusal = { id, code, message: reason };
    return { kind: "renewal", reason: isClientRefused(code) ? RENEWAL : `${reason} ${PARKING}` };
  }

  /**
   * Write the refused operations again under new client ids, on this device, or set the refused one
   * aside and write those that follow it again.
   * @param {import("../../vendor/yjs.js").Y.Doc} doc
   */
  async renew(doc) {
    if (this.#refusal === null) return;
    if (isClientRefused(this.#refusal.code)) await this.#outbox.renewFrom(this.#refusal.id);
    else await this.#outbox.park(this.#refusal, doc);
  }
}
