/** Goes to the heading that the page's address leads to. Loaded for such an address. */
import { toast } from "../ui/toast.js";
import { headingOfLink } from "./heading_links.js";

/** The text of a document may come so long after its page. */
const MAX_WAIT_MS = 10_000;

/** Ends what waits for an earlier address. */
let stop = () => {};

/**
 * Bring the heading of the page's address to the top of the window, as soon as the text has it.
 * @param {import("../../vendor/tiptap.js").Editor} editor
 */
export function goToHeading(editor) {
  stop();
  const { hash } = location;
  const tryNow = () => {
    const pos = headingOfLink(editor.state.doc, hash);
    const element = pos === null ? null : editor.view.nodeDOM(pos);
    if (pos === null || !(element instanceof Element)) return false;
    stop();
    editor.commands.setTextSelection(pos + 1 + (editor.state.doc.nodeAt(pos)?.content.size ?? 0));
    element.scrollIntoView({ block: "start" });
    return true;
  };
  if (tryNow()) return;
  const timer = setTimeout(() => {
    stop();
    toast("The heading that this link leads to is not there any more.");
  }, MAX_WAIT_MS);
  stop = () => {
    clearTimeout(timer);
    editor.off("update", tryNow);
    stop = () => {};
  };
  editor.on("update", tryNow);
}
