/**
 * Tells a person of text that went with a paragraph that somebody else deleted. What two edits at one
 * time did otherwise is told by a module that is loaded later (`conflict_notice.js`).
 */
import { Y } from "../../vendor/yjs.js";
import { paragraphsOf } from "../lib/paragraphs.js";
import { quoted } from "../lib/quoted.js";
import { toast } from "../ui/toast.js";

/**
 * Show a message for each lost text, with which it can be kept as a new paragraph.
 * @param {import("../sync/provider.js").Provider} provider
 * @param {Y.Doc} doc
 * @param {import("../../vendor/tiptap.js").Editor} editor
 * @param {import("./found_conflicts_notice.js").Context} context
 */
export function mountLostTextNotice(provider, doc, editor, context) {
  void import("./conflict_notice.js").then(
    ({ ConflictNotice }) => new ConflictNotice(provider, doc, editor, context),
    (error) => console.warn("Conflicting edits are not shown:", error),
  );
  provider.addEventListener("lost", (event) => {
    if (!(event instanceof CustomEvent)) return;
    /** @type {import("../sync/lost_text.js").Lost} */
    const { texts, place } = event.detail;
    const keep = () => keepText(doc, editor, texts, place);
    toast(
      `You wrote ${quoted(texts.join(" "))} into a paragraph that somebody else deleted.`,
      { label: "Keep it as a new paragraph", run: keep },
      { stays: true },
    );
  });
}

/**
 * Insert texts as paragraphs where they stood.
 * @param {Y.Doc} doc
 * @param {import("../../vendor/tiptap.js").Editor} editor
 * @param {string[]} texts
 * @param {Y.RelativePosition} place
 */
function keepText(doc, editor, texts, place) {
  const { content } = editor.state.doc;
  const index =
    Y.createAbsolutePositionFromRelativePosition(place, doc)?.index ?? content.childCount;
  let at = 0;
  for (let child = 0; child < Math.min(index, content.childCount); child += 1) {
    at += content.child(child).nodeSize;
  }
  editor.chain().insertContentAt(at, paragraphsOf(texts)).focus().run();
}
