/** Events of the activity in words. Pure. */

/**
 * A row of `documents/{id}/activity/`.
 * @typedef {object} ActivityEvent
 * @property {number} id
 * @property {string} kind
 * @property {{id: number | null, username: string | null, name: string | null}} actor
 * @property {string} at ISO 8601
 * @property {Record<string, unknown>} detail
 */

/** @type {Record<string, (detail: Record<string, unknown>, event: ActivityEvent) => string>} */
const SENTENCES = {
  created: () => "created the document",
  edited: ({ operations, ongoing }) =>
    `${ongoing ? "is writing" : "wrote"}: ${counted(Number(operations), "change")}`,
  joined: () => "opened the document",
  shared: (detail) => `made ${subject(detail)} ${detail.role}`,
  role_changed: (detail) => `made ${subject(detail)} ${detail.role} instead of ${detail.old_role}`,
  unshared: (detail, { actor }) =>
    detail.user === actor.username
      ? `left (was ${detail.role})`
      : `removed ${subject(detail)} (was ${detail.role})`,
  renamed: ({ old_title: before, title }) => `renamed “${before}” to “${title}”`,
  trashed: () => "moved it to the trash",
  untrashed: () => "restored it from the trash",
  restored: restoreText,
  undid: ({ author, after_seq: after }) => {
    const { username } = /** @type {{username: string | null}} */ (author);
    return `undid all changes by ${username ?? "someone"} since change ${after}`;
  },
  named: ({ number, name }) =>
    name ? `named version ${number} “${name}”` : `kept version ${number} permanently`,
};

/**
 * Return an event in words: the rest of a sentence that begins with the name of its actor.
 * @param {ActivityEvent} event
 */
export function sentenceOf(event) {
  const sentence = SENTENCES[event.kind];
  // A newer server has event types that this page does not know.
  return sentence ? sentence(event.detail, event) : event.kind.replaceAll("_", " ");
}

/**
 * Return a restore in words, of a whole state or of a part.
 * @param {Record<string, unknown>} detail
 */
export function restoreText({ number, seq, part }) {
  const state = number === null ? `change ${seq}` : `version ${number}`;
  return part ? `restored a part of ${state}` : `restored ${state}`;
}

/** @param {Record<string, unknown>} detail */
function subject({ user, group }) {
  return user ? `@${user}` : `the group ${group}`;
}

/**
 * Return a number of things, such as "2 changes".
 * @param {number} count
 * @param {string} thing
 */
export function counted(count, thing) {
  return count === 1 ? `1 ${thing}` : `${count.toLocaleString("en")} ${thing}s`;
}
