/** What somebody did to a document, in words. Pure. */

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
      ? `left, and was ${detail.role}`
      : `removed ${subject(detail)}, who was ${detail.role}`,
  renamed: ({ old_title: before, title }) => `renamed “${before}” to “${title}”`,
  trashed: () => "put it into the trash",
  untrashed: () => "took it out of the trash",
  restored: restoreText,
  undid: ({ author, after_seq: after }) => {
    const { username } = /** @type {{username: string | null}} */ (author);
    return `undid everything by ${username ?? "somebody"} since change ${after}`;
  },
  named: ({ number, name }) =>
    name ? `named version ${number} “${name}”` : `kept version ${number} for ever`,
};

/**
 * Return what was done, without who did it: the rest of a sentence that begins with a name.
 * @param {ActivityEvent} event
 */
export function sentenceOf(event) {
  const words = SENTENCES[event.kind];
  // A newer server knows more kinds than this page.
  return words ? words(event.detail, event) : event.kind.replaceAll("_", " ");
}

/**
 * Return how somebody went back, all the way or with a part.
 * @param {Record<string, unknown>} detail
 */
export function restoreText({ number, seq, part }) {
  const moment = number === null ? `change ${seq}` : `version ${number}`;
  return part ? `took something back from ${moment}` : `went back to ${moment}`;
}

/** @param {Record<string, unknown>} detail */
function subject({ user, group }) {
  return user ? `@${user}` : `the group ${group}`;
}

/**
 * Return a number of things in words.
 * @param {number} count
 * @param {string} thing
 */
export function counted(count, thing) {
  return count === 1 ? `1 ${thing}` : `${count.toLocaleString("en")} ${thing}s`;
}
