/** Keys as this machine's keyboard names them. */

export const IS_MAC = /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? "");

/**
 * Return keys as this machine's keyboard names them.
 * @param {string} keys
 */
export function keysLabel(keys) {
  if (/^\W+$/.test(keys)) return keys;
  const names = IS_MAC ? { Mod: "⌘", Shift: "⇧", Alt: "⌥" } : { Mod: "Ctrl" };
  return keys
    .split("-")
    .map((key) => /** @type {Record<string, string>} */ (names)[key] ?? key)
    .join(IS_MAC ? "" : "+");
}
