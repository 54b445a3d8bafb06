/** One stable colour per person, the same on every screen; the values are in the style sheet. */

/** Number of the classes `.person-N`. */
export const COLOUR_COUNT = 10;

/**
 * Return the class that carries a person's colour.
 * @param {string} userId
 */
export function colourClass(userId) {
  let hash = 0;
  for (const character of userId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return `person-${hash % COLOUR_COUNT}`;
}

/**
 * Return the initials of a name, one or two letters.
 * @param {string} name
 */
export function initials(name) {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return (
    letters
      .map((word) => [...(word ?? "")][0] ?? "")
      .join("")
      .toUpperCase() || "?"
  );
}
