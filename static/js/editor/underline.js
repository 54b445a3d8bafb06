/** The mark of underlined text, by the name and the keys that Tiptap's own extension has. */
import { Mark } from "../../vendor/tiptap.js";

export const Underline = Mark.create({
  name: "underline",
  parseHTML: () => [{ tag: "u" }, { tag: "ins" }],
  renderHTML: () => ["u", 0],
  addKeyboardShortcuts() {
    const toggle = () => this.editor.commands.toggleMark(this.name);
    return { "Mod-u": toggle, "Mod-U": toggle };
  },
});
