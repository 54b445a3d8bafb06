/** Loads the popup of suggestions when a sign of it is first typed. */

/** The signs of suggestion_sources.js, where they open the popup. */
const SIGN = /(?:^|[\s(])[/:@]$/;

/**
 * @param {import("../../vendor/tiptap.js").Editor} editor
 * @param {{api: import("../lib/api.js").Api, pickFiles: () => void}} page
 */
export function loadSuggestions(editor, page) {
  /** @param {{transaction: import("../../vendor/tiptap.js").Editor["state"]["tr"]}} event */
  const onTransaction = ({ transaction }) => {
    if (!transaction.docChanged || transaction.getMeta("y-sync$") !== undefined) return;
    const before = transaction.selection.$head.nodeBefore?.text;
    if (before === undefined || !SIGN.test(before.slice(-2))) return;
    editor.off("transaction", onTransaction);
    import("./suggestion_sources.js").then(
      ({ offerSuggestions }) => offerSuggestions(editor, page),
      (error) => {
        editor.on("transaction", onTransaction);
        console.warn("Suggestions are not offered yet:", error);
      },
    );
  };
  editor.on("transaction", onTransaction);
}
