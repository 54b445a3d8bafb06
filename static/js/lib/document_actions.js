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
 * Return the names of the actions for a reader with these abilities. Who may not put the document
 * into the trash may leave it.
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
 * Return the groups with a permission, such as "the group Crew or the group Team".
 * @param {{group: string | null}[]} permissions
 */
export function groupsText(permissions) {
  const names = permissions.flatMap(({ group }) => (group === null ? [] : [`the group ${group}`]));
  return names.join(" or ") || "a group";
}
