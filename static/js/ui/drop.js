/** Files and addresses that are dropped on a page, which the browser would open in its place. */

/**
 * Keep the page when something is dropped beside its fields.
 * @param {object} on
 * @param {(files: File[]) => void} on.files
 * @param {(isOver: boolean) => void} [on.over] called while files are over the page, and when they leave
 */
export function guardDrops({ files, over = () => {} }) {
  addEventListener("dragover", (event) => {
    if (!wouldNavigate(event)) return;
    event.preventDefault();
    over(hasFiles(event));
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) over(false);
  });
  addEventListener("drop", (event) => {
    over(false);
    if (!wouldNavigate(event)) return;
    event.preventDefault();
    if (hasFiles(event)) files([...(event.dataTransfer?.files ?? [])]);
  });
}

/** @param {DragEvent} event */
function hasFiles({ dataTransfer }) {
  return dataTransfer?.types.includes("Files") === true;
}

/** @param {DragEvent} event */
function wouldNavigate(event) {
  if (event.defaultPrevented) return false;
  const { target, dataTransfer } = event;
  const isField = target instanceof Element && target.closest("input, textarea, .prose") !== null;
  return hasFiles(event) || (!isField && dataTransfer?.types.includes("text/uri-list") === true);
}
