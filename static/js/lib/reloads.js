/** How often a page may load again by itself: a fault that comes back must not make it flicker. */

const RELOAD_INTERVAL_MS = 60_000;
const MAX_RELOADS = Object.freeze({ error: 1, refusal: 3 });

/**
 * Return whether the page of a document may load again by itself, which is counted.
 * @param {string} documentId
 * @param {keyof typeof MAX_RELOADS} reason
 */
export function mayReload(documentId, reason) {
  const key = `scriptorium-reloaded:${documentId}:${reason}`;
  const since = Date.now() - RELOAD_INTERVAL_MS;
  const times = (sessionStorage.getItem(key) ?? "").split(" ").map(Number);
  const recent = times.filter((time) => time > since);
  if (recent.length >= MAX_RELOADS[reason]) return false;
  sessionStorage.setItem(key, [...recent, Date.now()].join(" "));
  return true;
}
