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

/**
 * Return the day of a moment as a heading.
 * @param {string} moment ISO 8601
 * @param {number} [now] ms since the epoch
 */
export function dayOf(moment, now = Date.now()) {
  const day = new Date(moment);
  const days = Math.round((midnight(now) - midnight(day.getTime())) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const isThisYear = day.getFullYear() === new Date(now).getFullYear();
  /** @type {Intl.DateTimeFormatOptions} */
  const form = { day: "numeric", month: "long" };
  return day.toLocaleDateString("en-GB", isThisYear ? form : { ...form, year: "numeric" });
}

/**
 * Return from when to when, as hours and minutes of the day of the last one.
 * @param {string} began ISO 8601
 * @param {string} ended
 */
export function timeRange(began, ended) {
  const [from, to] = [began, ended].map((moment) =>
    new Date(moment).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }),
  );
  return from === to ? `${to}` : `${from}–${to}`;
}

/** @param {number} moment ms since the epoch */
function midnight(moment) {
  return new Date(moment).setHours(0, 0, 0, 0);
}
