/** Moments in words. Pure. */

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/**
 * Return how long ago a moment was, in the reader's language.
 * @param {string} moment ISO 8601
 * @param {number} [now] ms since the epoch
 */
export function ago(moment, now = Date.now()) {
  const seconds = Math.round((now - Date.parse(moment)) / 1000);
  const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const unit = UNITS.find(([, size]) => seconds >= size);
  return unit ? format.format(-Math.floor(seconds / unit[1]), unit[0]) : "just now";
}
