/** All suggestions of the text, by their signs. Loaded when one of them is first typed. */
import { emojiMenu } from "./emoji_menu.js";
import { mentionMenu } from "./mention_menu.js";
import { slashMenu } from "./slash_menu.js";
import { addSuggestions, openTyped } from "./suggestion_popup.js";

/**
 * Offer the suggestions of all signs, and those of the sign at the caret now.
 * @param {import("../../vendor/tiptap.js").Editor} editor
 * @param {{api: import("../lib/api.js").Api, pickFiles: () => void}} page
 */
export function offerSuggestions(editor, { api, pickFiles }) {
  addSuggestions(editor, slashMenu(pickFiles));
  addSuggestions(editor, emojiMenu());
  addSuggestions(editor, mentionMenu(api));
  openTyped(editor);
}
