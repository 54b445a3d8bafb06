/** Events of the activity in words. Pure. */

/**
 * A row of `documents/{id}/activity/`.
 * @typedef {object} ActivityEvent
 * @property {number} id
 * @property {string} kind
 * @property {{id: number | null, username: string | null, name: string | null}} actor
 * @property {string} at ISO 8601
 * @property {Record<string, unknown>} detail
 * @property {string | null} [subject_name] the person that it is about
 */

/** A writing session that is not over yet is one of the present for so long after its last edit. */
const WRITING_NOW_MS = 60_000;

/** @type {Record<string, (detail: Record<string, unknown>, event: ActivityEvent) => string>} */
const SENTENCES = {
  created: () => "created the document",
  edited: ({ operations, ongoing }, { at }) => {
    const isWriting = ongoing === true && Date.now() - Date.parse(at) < WRITING_NOW_MS;
    return `${isWriting ? "is writing" : "wrote"}: ${counted(Number(operations), "change")}`;
  },
  joined: () => "opened the document",
  shared: ({ role }, event) => `made ${subjectOf(event)} ${roleText(role)}`,
  role_changed: ({ role, old_role: before }, event) =>
    `made ${subjectOf(event)} ${roleText(role)} instead of ${roleText(before)}`,
  unshared: ({ user, role }, event) =>
    user === event.actor.username
      ? `left, and was ${roleText(role)}`
      : `removed ${subjectOf(event)}, who was ${roleText(role)}`,
  renamed: ({ old_title: before, title }) => `renamed “${before}” to “${title}”`,
  trashed: () => "moved it to the trash",
  untrashed: () => "restored it from the trash",
  restored: restoreText,
  undid: ({ after_seq: after }, event) =>
    `undid all changes by ${event.subject_name ?? "someone"} since change ${after}`,
  named: ({ number, name }) =>
    name ? `named version ${number} “${name}”` : `kept version ${number} permanently`,
  sessions_closed: () => "closed the sessions of everybody",
  exported: ({ format }) => `exported the document as ${format}`,
  attached: ({ name }) => `uploaded “${name}”`,
  freed: ({ name }) => `deleted “${name}”, which nothing in the history needed`,
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
 * Return the name with which an event begins; some are of the server.
 * @param {Pick<ActivityEvent, "kind" | "actor">} event
 */
export function actorOf({ kind, actor }) {
  return actor.name ?? (kind === "freed" ? "The server" : "Someone");
}

/**
 * Return the position in the history that an event is about, null for an event without one.
 * @param {Pick<ActivityEvent, "kind" | "detail">} event
 */
export function momentOf({ kind, detail }) {
  const moments = { edited: detail.last_seq, named: detail.seq, restored: detail.seq };
  const seq = /** @type {Record<string, unknown>} */ (moments)[kind];
  return typeof seq === "number" && seq > 0 ? seq : null;
}

/**
 * Join events with equal kind, actor, day and details that follow each other into one row each: the
 * latest one. Events of writing have counts, and stay apart.
 * @template {ActivityEvent} Event
 * @param {Event[]} events the latest first
 * @param {(at: string) => string} dayOf
 * @returns {Event[][]} each row's events
 */
export function runsOf(events, dayOf) {
  /** @type {Event[][]} */
  const runs = [];
  let last = "";
  for (const event of events) {
    const { kind, actor, at, detail } = event;
    const key = JSON.stringify([kind, actor.id, actor.name, dayOf(at), detail]);
    if (key === last && kind !== "edited") runs.at(-1)?.push(event);
    else runs.push([event]);
    last = key;
  }
  return runs;
}

/**
 * Return how often a row's event took place, as an addition to its sentence; empty for once.
 * @param {number} count
 */
export function timesText(count) {
  return count > 1 ? `(${count.toLocaleString("en")} times) ` : "";
}

/**
 * Return a restore in words, of a whole state or of a part.
 * @param {Record<string, unknown>} detail
 */
export function restoreText({ number, seq, part }) {
  const state = number === null ? `change ${seq}` : `version ${number}`;
  return part ? `restored a part of ${state}` : `restored ${state}`;
}

/** @param {ActivityEvent} event */
function subjectOf({ detail: { user, group }, subject_name: name }) {
  return user ? (name ?? `@${user}`) : `the group ${group}`;
}

/** @param {unknown} role */
function roleText(role) {
  return /^[aeiou]/.test(String(role)) ? `an ${role}` : `a ${role}`;
}

/**
 * Return a number of things, such as "2 changes".
 * @param {number} count
 * @param {string} thing
 */
export function counted(count, thing) {
  return count === 1 ? `1 ${thing}` : `${count.toLocaleString("en")} ${thing}s`;
}
