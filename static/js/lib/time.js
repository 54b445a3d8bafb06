/** Dates and times in words. Pure. */

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
 * Return how long ago a time was.
 * @param {string} time ISO 8601
 * @param {number} [now] ms since the epoch
 */
export function ago(time, now = Date.now()) {
  const seconds = Math.round((now - Date.parse(time)) / 1000);
  const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const unit = UNITS.find(([, size]) => seconds >= size);
  return unit ? format.format(-Math.floor(seconds / unit[1]), unit[0]) : "just now";
}

/**
 * Return the day of a time as a heading.
 * @param {string} time ISO 8601
 * @param {number} [now] ms since the epoch
 */
export function dayOf(time, now = Date.now()) {
  const day = new Date(time);
  const days = Math.round((midnight(now) - midnight(day.getTime())) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const isThisYear = day.getFullYear() === new Date(now).getFullYear();
  /** @type {Intl.DateTimeFormatOptions} */
  const form = { day: "numeric", month: "long" };
  return day.toLocaleDateString("en-GB", isThisYear ? form : { ...form, year: "numeric" });
}

/**
 * Return when something was: how long ago within an hour, else the day and the time of it.
 * @param {number} at ms since the epoch
 * @param {number} [now] ms since the epoch
 */
export function momentOf(at, now = Date.now()) {
  const time = new Date(at).toISOString();
  if (now - at < 3_600_000) return ago(time, now);
  return `${dayOf(time, now).replace(/^[TY]/, (letter) => letter.toLowerCase())} at ${hourOf(at)}`;
}

/**
 * Return the time of a day in hours and minutes.
 * @param {number | string} at ms since the epoch, or ISO 8601
 */
export function hourOf(at) {
  return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

/**
 * Return a range of times in hours and minutes.
 * @param {string} began ISO 8601
 * @param {string} ended
 */
export function timeRange(began, ended) {
  const [from, to] = [began, ended].map(hourOf);
  return from === to ? `${to}` : `${from}–${to}`;
}

/** @param {number} time ms since the epoch */
function midnight(time) {
  return new Date(time).setHours(0, 0, 0, 0);
}
