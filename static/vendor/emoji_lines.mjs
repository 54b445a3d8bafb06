/** The list of emoji as text, which is a third of the module's size. */
import { gemoji } from "gemoji";

const words = (/** @type {string} */ text) => text.toLowerCase().replaceAll(/[_:“”]/g, " ");

/** A line for each emoji: the character, its name, other words for it, with tabs between. */
export const EMOJI = gemoji
  .map(({ emoji, names: [name = "", ...names], tags, description }) => {
    const others = new Set(words([...names, ...tags, description].join(" ")).split(/\s+/));
    for (const word of words(name).split(" ")) others.delete(word);
    return [emoji, words(name), [...others].join(" ")].join("\t");
  })
  .join("\n");
