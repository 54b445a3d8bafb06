/** What another way of keeping would give up, in words; days and seconds. Pure. */

/** Up to which ages versions stay, in seconds. @typedef {{all_s: number, hourly_s: number, daily_s: number}} Keep */

/**
 * An answer of `documents/{id}/history-settings/`.
 * @typedef {object} Settings
 * @property {Keep | null} keep null: as the server does
 * @property {number | null} compact_after_days null: as the server does; 0: never
 * @property {{keep: Keep, compact_after_days: number}} in_force
 */

/** @typedef {Pick<Settings, "keep" | "compact_after_days">} Wish */

const DAY_S = 24 * 60 * 60;

/**
 * Return what a change may give up that is kept now, a sentence each; nothing where it keeps more.
 *
 * What the server's own settings are is not known here: to go back to them may give up anything.
 * @param {Settings} settings what holds now
 * @param {Wish} wish
 */
export function losses(settings, wish) {
  return [
    ...(keepsFewer(settings, wish.keep) ? [VERSIONS] : []),
    ...(compactsMore(settings, wish.compact_after_days) ? [logSentence(wish)] : []),
  ];
}

const VERSIONS =
  "Versions without a name that are too many then go within the hour, and do not come back.";

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

/** @param {Wish} wish */
function logSentence({ compact_after_days: days }) {
  const which =
    days === null ? "Changes that this server lets go" : `Changes older than ${days} days`;
  return (
    `${which} are given up: they cannot be seen, compared or gone back to any more, but for the ` +
    "versions of that time. This cannot be undone."
  );
}

/**
 * Return seconds as days, to be typed over; so exact that the same seconds come back.
 * @param {number} seconds
 */
export function toDays(seconds) {
  return String(Math.round((seconds / DAY_S) * 1e6) / 1e6);
}

/**
 * Return typed days as whole seconds.
 * @param {string} days
 */
export function toSeconds(days) {
  return Math.round(Number(days) * DAY_S);
}
