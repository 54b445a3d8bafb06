/** A line for each emoji: the character, its name, other words for it, with tabs between. */
export const EMOJI: string;
