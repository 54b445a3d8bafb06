/** The provider's state in words, for the status chip and the banner. Pure. */

/** @typedef {import("./provider.js").ProviderState} ProviderState */
/** @typedef {import("./connection.js").StopReason} StopReason */

/**
 * @typedef {object} Status
 * @property {"saved" | "saving" | "waiting" | "offline" | "stopped" | "readonly"} kind
 * @property {string} text
 * @property {string} icon name in the sprite
 */

const KEPT = "kept on this device";

/** @type {Record<StopReason, string>} */
const STOPPED = {
  removed: "Access removed",
  gone: "Document unavailable",
  reload: "Reload required",
  refused: "Not accepted",
  quarantined: "Document closed for repair",
  renewal: "Reload required",
  "signed-out": "Logged out",
};

/**
 * Return what the chip shows. *Saved* means that every local change is in the server's log, *kept*
 * that the device has it on disk.
 * @param {ProviderState} state
 * @param {boolean} online whether the browser has a network
 * @returns {Status}
 */
export function statusOf(state, online) {
  const { stopped, unsaved, kept: isKept, connection, loaded, synced, writable } = state;
  const where = isKept ? KEPT : "only in this page";
  const kept = unsaved > 0 ? `${changes(unsaved)} ${where}` : "";
  if (stopped) {
    const text = STOPPED[stopped.reason];
    return { kind: "stopped", text: kept ? `${text}: ${kept}` : text, icon: "ban" };
  }
  if (connection === "connected" && synced) {
    if (!writable) {
      const text = kept ? `Read-only: ${kept}` : "Read-only";
      return { kind: "readonly", text, icon: "eye" };
    }
    return unsaved > 0
      ? { kind: "saving", text: "Saving…", icon: "loader" }
      : { kind: "saved", text: "Saved", icon: "check" };
  }
  if (kept) {
    // Without a number, which would change at each letter.
    const text = isKept ? `Offline, ${KEPT}` : `Offline: ${kept}`;
    return { kind: "offline", text, icon: "cloud-off" };
  }
  if (!online) return { kind: "offline", text: "Offline", icon: "cloud-off" };
  return { kind: "waiting", text: loaded ? "Reconnecting…" : "Loading…", icon: "loader" };
}

/**
 * Return the banner's text: why the page has stopped, or why the server has closed the connection
 * while the page tries again; empty without either.
 * @param {ProviderState} state
 */
export function noticeOf({ stopped, unsaved, kept, synced, closeReason }) {
  if (!stopped) return closeReason && !synced ? `${sentence(closeReason)} Trying again…` : "";
  if (unsaved === 0) return sentence(stopped.message);
  const place = kept ? "kept on this device" : "in this page only: copy them before you close it";
  return `${sentence(stopped.message)} Your unsaved changes are ${place}.`;
}

/**
 * Return a text as a sentence.
 * @param {string} text
 */
export function sentence(text) {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/**
 * Return a number of changes in words.
 * @param {number} count
 */
export function changes(count) {
  return count === 1 ? "1 change" : `${count} changes`;
}
