/** One stable colour per person, the same on every screen; the values are in the style sheet. */

/** How many classes `.person-N` there are. */
export const COLOURS = 10;

/**
 * Return the class that carries a person's colour.
 * @param {string} userId
 */
export function colourClass(userId) {
  let hash = 0;
  for (const character of userId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return `person-${hash % COLOURS}`;
}

/**
 * Return the one or two letters that stand for a name.
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
