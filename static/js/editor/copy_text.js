/** *Copy the text*: the whole document, whatever the state of the connection. */
import { copyToClipboard } from "../ui/clipboard.js";
import { toast } from "../ui/toast.js";
import { textOfBlocks } from "./copied_text.js";

/**
 * Copy the text of the document, or select it where the browser refuses.
 * @param {import("../../vendor/tiptap.js").Editor} editor
 */
export async function copyText(editor) {
  const isCopied = await copyToClipboard(textOfBlocks(editor.state.doc.content));
  if (!isCopied) editor.commands.selectAll();
  toast(isCopied ? "The text is copied." : "Press Ctrl+C to copy the selected text.");
}
