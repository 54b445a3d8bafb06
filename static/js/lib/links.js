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
 * Return the full address of a typed text, or null if it cannot be one. Words are no address, though
 * a browser can read them as the name of a host.
 * @param {string} typed
 */
export function linkFrom(typed) {
  const text = typed.trim();
  if (/^[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+$/.test(text)) return `mailto:${text}`;
  const hasScheme = /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[^/:]+:\d+([/?#]|$)/.test(text);
  const url = hasScheme ? text : `https://${text}`;
  const host = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1];
  if (host !== undefined && (host === "" || /\s/.test(host))) return null;
  if (!hasScheme && !/^(?:localhost|\[.+\]|.*[^.]\.[^.].*|.+:\d+)$/i.test(host ?? "")) return null;
  return URL.canParse(url) && isSafeLink(url) ? url.replaceAll(/\s/g, "%20") : null;
}
