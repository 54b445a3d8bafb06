/** The addresses that a link may have: none that runs code or reads the device. Pure. */

const SAFE = new Set(["http:", "https:", "mailto:", "tel:"]);

/**
 * Return whether a link with this address is allowed.
 * @param {string | undefined} url
 */
export function isSafeLink(url) {
  try {
    return SAFE.has(new URL(url ?? "", "https://relative.invalid/").protocol);
  } catch {
    return false;
  }
}

/**
 * Return the full address of a typed text, or null if it cannot be one.
 * @param {string} typed
 */
export function linkFrom(typed) {
  const text = typed.trim();
  if (/^[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+$/.test(text)) return `mailto:${text}`;
  const url =
    /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[^/:]+:\d+(\/|$)/.test(text) ? text : `https://${text}`;
  return text !== "" && URL.canParse(url) && isSafeLink(url) ? url : null;
}
