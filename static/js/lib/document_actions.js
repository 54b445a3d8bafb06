/** What a person may do with a document of the list, in words. Pure. */

/** @typedef {"open" | "rename" | "duplicate" | "share" | "leave" | "trash"} ActionName */

/** The icon and the words of each action, in the order of the menu. @type {Record<ActionName, [string, string]>} */
export const ACTIONS = {
  open: ["arrow-up-right", "Open in a new tab"],
  rename: ["pencil", "Rename…"],
  duplicate: ["copy", "Duplicate"],
  share: ["user-plus", "Share…"],
  leave: ["log-out", "Leave…"],
  trash: ["trash-2", "Move to trash"],
};

/**
 * Return the names of the actions for a reader with these abilities. A reader without the right to
 * put the document into the trash may leave it.
 * @param {Record<string, boolean>} abilities
 * @param {boolean} mayCreate whether the reader may create documents
 * @returns {ActionName[]}
 */
export function actionsFor(abilities, mayCreate) {
  /** @type {Record<ActionName, boolean | undefined>} */
  const may = {
    open: true,
    rename: abilities.rename,
    duplicate: mayCreate,
    share: abilities.share,
    leave: !abilities.trash,
    trash: abilities.trash,
  };
  return /** @type {ActionName[]} */ (Object.keys(ACTIONS)).filter((name) => may[name]);
}

/**
 * Return the permission that a person has directly, which the person may give up; the others come by
 * a group.
 * @template {{user: {id: string | number} | null}} Permission
 * @param {Permission[]} permissions
 * @param {string} selfId
 */
export function ownPermission(permissions, selfId) {
  return permissions.find(({ user }) => user !== null && String(user.id) === selfId);
}

/**
 * Return the group that gives access to a person who has it by a group, such as "the group Crew".
 * With several groups the API does not say which ones the person is in.
 * @param {{group: string | null}[]} permissions
 */
export function groupText(permissions) {
  const names = permissions.flatMap(({ group }) => (group === null ? [] : [group]));
  return names.length === 1 ? `the group ${names[0]}` : "a group";
}

/**
 * Return the question before a person gives up the own permission.
 * @param {string} title of the document
 * @param {{group: string | null}[]} permissions
 */
export function leaveText(title, permissions) {
  if (permissions.every(({ group }) => group === null)) {
    return `You will no longer see “${title}”, until an owner shares it with you again.`;
  }
  return `Your own role in “${title}” ends. If you are in a group that it is shared with, you keep the role of the group; else you will no longer see it.`;
}
