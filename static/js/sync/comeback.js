/** A page whose document was trashed, or its access removed, opens again when it is given back. */

/** The document is asked for at this interval, while the page is visible. */
const RETRY_INTERVAL_MS = 5_000;
/** @type {Set<string | undefined>} */
const MAY_END = new Set(["gone", "removed"]);

/**
 * Resume a stopped connection as soon as the document can be read again.
 * @param {Pick<import("./provider.js").Provider, "state" | "resume">} provider
 * @param {() => Promise<{trashed_at: string | null}>} read the document; fails without access
 * @param {{setInterval: typeof setInterval, isVisible: () => boolean}} [page]
 */
export function comeBack(provider, read, { setInterval: every, isVisible } = browserPage) {
  let isAsking = false;
  every(async () => {
    if (isAsking || !MAY_END.has(provider.state.stopped?.reason) || !isVisible()) return;
    isAsking = true;
    try {
      const { trashed_at: trashedAt } = await read();
      if (trashedAt === null && MAY_END.has(provider.state.stopped?.reason)) provider.resume();
    } catch {
      // Still without access, or no answer.
    }
    isAsking = false;
  }, RETRY_INTERVAL_MS);
}

const browserPage = {
  setInterval: /** @type {typeof setInterval} */ (
    (/** @type {() => void} */ action, /** @type {number} */ ms) =>
      globalThis.setInterval(action, ms)
  ),
  isVisible: () => document.visibilityState === "visible",
};
