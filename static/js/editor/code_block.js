/** A block of code by Tiptap's extension. It has text alone, so mentions become their text. */
import { CodeBlock as Base } from "../../vendor/tiptap.js";
import { mentionsToText } from "./mention.js";

export const CodeBlock = Base.extend({
  addCommands() {
    const own = /** @type {any} */ (this.parent?.() ?? {});
    return {
      ...own,
      toggleCodeBlock: (attributes) => (props) => {
        mentionsToText(props);
        return own.toggleCodeBlock(attributes)(props);
      },
    };
  },
});
