/**
 * Tells a person of text that went with a paragraph that somebody else deleted. What two edits at one
 * time did otherwise is told by a module that is loaded later (`conflict_notice.js`).
 */
import { quoted } from "../lib/quoted.js";
import { toast, toastError } from "../ui/toast.js";

/**
 * Show a message for each lost text, with which it can be kept as a new paragraph.
 * @param {import("../sync/provider.js").Provider} provider
 * @param {import("../../vendor/yjs.js").Y.Doc} doc
 * @param {import("../../vendor/tiptap.js").Editor} editor
 * @param {import("./found_conflicts_notice.js").Context} context
 */
export function mountLostTextNotice(provider, doc, editor, context) {
  void import("./conflict_notice.js").then(
    ({ ConflictNotice }) => new ConflictNotice(provider, doc, editor, context),
    (error) => console.warn("Conflicting edits are not shown:", error),
  );
  // Before it is needed: there may be no connection then.
  const kept = import("./kept_text.js");
  kept.catch((error) => console.warn("Lost text cannot be kept:", error));
  provider.addEventListener("lost", (event) => {
    if (!(event instanceof CustomEvent)) return;
    /** @type {import("../sync/lost_text.js").Lost} */
    const lost = event.detail;
    const texts = lost.parts.map(({ text }) => text);
    const keep = () =>
      void kept.then(({ keepText }) => keepText(provider, doc, editor, lost), toastError);
    toast(
      `You wrote ${quoted(texts.join(" "))} into a paragraph that somebody else deleted.`,
      { label: "Keep it as a new paragraph", run: keep },
      { stays: true },
    );
  });
}
