/** Exchanges awareness states (carets, names) with the server, by y-protocols. */
import { Awareness, awarenessProtocol } from "../../vendor/yjs.js";
import { encodeEntries, readEntries } from "./presence_state.js";
import { encodeAwareness } from "./wire.js";

/** Carets move faster than others need to see. */
const SEND_PAUSE_MS = 40;

/** The states of others are renewed so often: y-protocols drops them after 30 s without a new one. */
const RENEW_MS = 10_000;

/** The awareness states of one document: the own one goes out, those of others come in. */
export class AwarenessChannel {
  awareness;
  #send;
  #isHeld;
  #client;
  /** Whether the own state waits for the batch that it points into. */
  #waits = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #renewal;

  /**
   * @param {import("../../vendor/yjs.js").Y.Doc} doc
   * @param {(frame: Uint8Array<ArrayBuffer>) => void} send
   * @param {() => boolean} isHeld whether there are edits that were not sent: the own caret may be
   *   within them, and others could not show it
   */
  constructor(doc, send, isHeld) {
    this.#client = doc.clientID;
    this.#send = send;
    this.#isHeld = isHeld;
    this.awareness = new Awareness(doc);
    this.awareness.on("update", this.#onUpdate);
    this.#renewal = setInterval(this.#renewOthers, RENEW_MS);
  }

  close() {
    clearTimeout(this.#timer);
    clearInterval(this.#renewal);
    this.awareness.off("update", this.#onUpdate);
    this.awareness.destroy();
  }

  /**
   * Show what can be read of the server's update. Never throws: presence is no reason to lose the
   * connection.
   * @param {Uint8Array} update
   */
  receive(update) {
    const entries = readEntries(update).filter((entry) => this.#isCredible(entry));
    if (entries.length === 0) return;
    try {
      awarenessProtocol.applyAwarenessUpdate(this.awareness, encodeEntries(entries), this);
    } catch (error) {
      console.error("The presence of others could not be shown:", error);
    }
  }

  /**
   * Return whether an entry may be applied. Of the own client, the server can only report the end,
   * one clock after the last state that was sent to it: y-protocols would take over any other state
   * as its own, and count on from any clock.
   * @param {import("./presence_state.js").Entry} entry
   */
  #isCredible({ client, clock, state }) {
    if (client !== this.#client) return true;
    const own = this.awareness.meta.get(client)?.clock ?? 0;
    return state === null && clock <= own + 1;
  }

  /** Send the own state, if it waited for the edits that were sent now. */
  sendHeld() {
    if (this.#waits) this.sendOwn();
  }

  sendOwn() {
    clearTimeout(this.#timer);
    this.#waits = false;
    const own = awarenessProtocol.encodeAwarenessUpdate(this.awareness, [this.#client]);
    this.#send(encodeAwareness(own));
  }

  /** Send the own state with a new clock: others have seen it end with the last connection. */
  renewOwn() {
    this.awareness.setLocalState(this.awareness.getLocalState());
  }

  /**
   * Keep the states of others: the server says when one ends, and a hidden tab, whose browser slows
   * its timers, renews its own once a minute.
   */
  #renewOthers = () => {
    for (const [client, meta] of this.awareness.meta) {
      if (client !== this.#client) meta.lastUpdated = Date.now();
    }
  };

  /** Remove the states of others: the connection has ended. */
  removeOthers() {
    clearTimeout(this.#timer);
    const clients = [...this.awareness.getStates().keys()];
    const others = clients.filter((client) => client !== this.#client);
    awarenessProtocol.removeAwarenessStates(this.awareness, others, this);
  }

  /**
   * @param {{added: number[], updated: number[], removed: number[]}} change
   * @param {unknown} origin
   */
  #onUpdate = ({ added, updated, removed }, origin) => {
    const isOwn = [...added, ...updated, ...removed].includes(this.#client);
    if (!isOwn || origin === this) return;
    clearTimeout(this.#timer);
    this.#waits = true;
    this.#timer = setTimeout(() => {
      if (!this.#isHeld()) this.sendOwn();
    }, SEND_PAUSE_MS);
  };
}
