/** People and groups as the share dialog suggests them. Pure. */

/** @typedef {import("../lib/api.js").Person} Person */

/**
 * Who a document can be shared with: a person or a group.
 * @typedef {{user: string} | {group: string}} SubjectKey
 * @typedef {{key: SubjectKey, name: string, detail: string}} Subject
 */

/** Suggestions that are shown. */
const MAX_PEOPLE = 5;
const MAX_GROUPS = 3;

/**
 * Return the option that an arrow key leads to; with none selected (-1), the first or the last.
 * @param {number} active
 * @param {string} key `ArrowDown` or `ArrowUp`
 * @param {number} count
 */
export function nextOption(active, key, count) {
  if (key === "ArrowDown") return (active + 1) % count;
  return active > 0 ? active - 1 : count - 1;
}

/**
 * Return the suggestions of a search: people, then groups. Pure.
 * @param {Person[]} people
 * @param {{name: string, members: number}[]} groups
 * @returns {Subject[]}
 */
export function subjectsOf(people, groups) {
  return [
    ...people.slice(0, MAX_PEOPLE).map(({ username, name }) => ({
      key: { user: username },
      name,
      detail: `@${username}`,
    })),
    ...groups.slice(0, MAX_GROUPS).map(({ name, members }) => ({
      key: { group: name },
      name,
      detail: members === 1 ? "Group · 1 person" : `Group · ${members} people`,
    })),
  ];
}

/**
 * Return whom a typed name means: a username, a group, or the only person with this name. Any other
 * text is left to the server as a username.
 * @param {string} name
 * @param {Person[]} people that a search for the name has found
 * @param {{name: string}[]} groups
 * @returns {SubjectKey}
 */
export function keyNamed(name, people, groups) {
  if (people.some(({ username }) => username === name)) return { user: name };
  if (groups.some((group) => group.name === name)) return { group: name };
  const [person, ...others] = people.filter((found) => found.name === name);
  return person && others.length === 0 ? { user: person.username } : { user: name };
}
