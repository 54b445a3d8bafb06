/** What new retention settings would delete, in words; days and seconds. Pure. */

/** The ages up to which versions are kept, in seconds. @typedef {{all_s: number, hourly_s: number, daily_s: number}} Keep */

/**
 * An answer of `documents/{id}/history-settings/`.
 * @typedef {object} Settings
 * @property {Keep | null} keep null: the server's setting
 * @property {number | null} compact_after_days null: the server's setting; 0: never
 * @property {{keep: Keep, compact_after_days: number}} in_force
 */

/** @typedef {Pick<Settings, "keep" | "compact_after_days">} NewSettings */

const DAY_S = 24 * 60 * 60;

/**
 * Return sentences for what a change of the settings may delete; none if it keeps as much.
 *
 * The server's own settings are not known here, so returning to them may delete anything.
 * @param {Settings} settings the present ones
 * @param {NewSettings} changed
 */
export function losses(settings, changed) {
  return [
    ...(keepsFewer(settings, changed.keep) ? [VERSIONS_TEXT] : []),
    ...(compactsMore(settings, changed.compact_after_days) ? [logText(changed)] : []),
  ];
}

const VERSIONS_TEXT =
  "Versions without a name that exceed these limits are deleted within an hour, permanently.";

/**
 * @param {Settings} settings
 * @param {Keep | null} keep
 */
function keepsFewer({ keep: own, in_force: { keep: now } }, keep) {
  if (keep === null) return own !== null;
  return keep.all_s < now.all_s || keep.hourly_s < now.hourly_s || keep.daily_s < now.daily_s;
}

/**
 * @param {Settings} settings
 * @param {number | null} days
 */
function compactsMore({ compact_after_days: own, in_force: { compact_after_days: now } }, days) {
  if (days === null) return own !== null;
  return days > 0 && (now === 0 || days < now);
}

/** @param {NewSettings} changed */
function logText({ compact_after_days: days }) {
  const which =
    days === null
      ? "Changes older than the server’s default age"
      : `Changes older than ${days} days`;
  return (
    `${which} are deleted: they can no longer be seen, compared or restored, except for the ` +
    "versions of that time. This cannot be undone."
  );
}

/**
 * Return seconds as days for a field, exact enough to give the same seconds again.
 * @param {number} seconds
 */
export function toDays(seconds) {
  return String(Math.round((seconds / DAY_S) * 1e6) / 1e6);
}

/**
 * Return the days of a field as whole seconds.
 * @param {string} days
 */
export function toSeconds(days) {
  return Math.round(Number(days) * DAY_S);
}
