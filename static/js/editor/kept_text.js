/** Inserts lost text where it stood, as its first writers' (`lost_text_notice.js`). */
import { Y } from "../../vendor/yjs.js";
import { paragraphsOf } from "../lib/paragraphs.js";
import { keepLost } from "../sync/kept_text.js";

/**
 * Insert lost texts as paragraphs where they stood.
 * @param {import("../sync/provider.js").Provider} provider
 * @param {Y.Doc} doc
 * @param {import("../../vendor/tiptap.js").Editor} editor
 * @param {import("../sync/lost_text.js").Lost} lost
 */
export function keepText(provider, doc, editor, lost) {
  const texts = lost.parts.map(({ text }) => text);
  keepLost(doc, provider.copies, lost, () => insertTexts(doc, editor, texts, lost.place));
}

/**
 * Insert texts as paragraphs where they stood.
 * @param {Y.Doc} doc
 * @param {import("../../vendor/tiptap.js").Editor} editor
 * @param {string[]} texts
 * @param {Y.RelativePosition} place
 */
function insertTexts(doc, editor, texts, place) {
  const { content } = editor.state.doc;
  const index =
    Y.createAbsolutePositionFromRelativePosition(place, doc)?.index ?? content.childCount;
  let at = 0;
  for (let child = 0; child < Math.min(index, content.childCount); child += 1) {
    at += content.child(child).nodeSize;
  }
  editor.chain().insertContentAt(at, paragraphsOf(texts)).focus().run();
}
