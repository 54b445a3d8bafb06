/** The menu behind `/`: every kind of block, by its name or another word for it. */
import { commandGroups } from "./commands.js";
import { FORMATS } from "./format_menu.js";
import { keysLabel } from "./keys_label.js";
import { matching } from "./suggestion_state.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {import("./suggestion_popup.js").Source} Source */

/** The commands that the menu has, in its order, with other words for them. @type {Record<string, string>} */
const WORDS = {
  Paragraph: "text plain normal",
  "Heading 1": "h1 title large",
  "Heading 2": "h2 subtitle",
  "Heading 3": "h3",
  "Bullet list": "ul unordered points",
  "Numbered list": "ol ordered",
  "Task list": "todo to-do check box",
  Quote: "blockquote citation",
  Table: "grid rows columns",
  "Code block": "pre program source",
  Divider: "hr rule line separator",
  "Picture or file": "image photo upload attachment",
};

/**
 * Return the suggestions behind `/`.
 * @param {() => void} pickFiles lets the person choose files
 * @returns {Source}
 */
export function slashMenu(pickFiles) {
  const commands = commandGroups(() => {}, pickFiles).flat();
  const entries = Object.entries(WORDS).flatMap(([name, words]) => {
    const command = commands.find((one) => one.name === name);
    return command ? [{ label: name, words, command }] : [];
  });
  const others = FORMATS.flat().flatMap((command) => {
    const { name: label, words } = command;
    return words ? [{ label, words, command: { icon: "plus", keys: "", ...command } }] : [];
  });
  return {
    sign: "/",
    name: "Blocks",
    find: (query, editor) =>
      matching(query, [...entries, ...others])
        .filter(({ label }) => label !== "Table" || !editor.isActive("table"))
        .filter(({ command }) => command.isEnabled?.(editor) !== false)
        .map(({ label, command }) => ({
          label,
          icon: command.icon,
          hint: keysLabel(command.keys),
          run: (target, range) => {
            target.chain().focus().deleteRange(range).run();
            // Chosen, not toggled: a heading that is one already stays.
            if (!command.isActive?.(target)) command.run(target, target.view.dom);
          },
        })),
  };
}
