/** The last writers of a document in words. Pure. */

/**
 * @typedef {object} Writer
 * @property {number} id
 * @property {string | null} username null without an account, as the name
 * @property {string | null} name
 * @property {string} at
 */

/** Faces of a row; those who wrote earlier are left out. */
const FACES = 3;

/**
 * Return the words before the time of the last change.
 * @param {Writer[]} writers the last one first; none where the server does not say
 * @param {string} selfId
 */
export function editedBy(writers, selfId) {
  const [last] = writers;
  if (!last) return "";
  if (String(last.id) === selfId) return "Edited by you, ";
  return `Edited by ${last.name || last.username || "a deleted account"}, `;
}

/**
 * Return the people whose faces a row shows; none where only the reader has written.
 * @param {Writer[]} writers
 * @param {string} selfId
 */
export function writersShown(writers, selfId) {
  const known = writers.filter(({ username }) => username !== null);
  if (known.every(({ id }) => String(id) === selfId)) return [];
  return known.slice(0, FACES).map(({ id, name, username }) => {
    const shown = name || username || "";
    return { id: String(id), name: shown, label: String(id) === selfId ? `${shown} (you)` : shown };
  });
}
