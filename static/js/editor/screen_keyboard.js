/**
 * The on-screen keyboard of a phone: while it is up, the toolbar stands directly above it.
 *
 * A browser lays such a keyboard over the page: the layout viewport stays, the visual viewport
 * shrinks. Without this the toolbar is at the far end of the screen, or scrolled out of it.
 */

/** What a browser takes away for less than this is a bar of its own, not a keyboard: CSS pixels. */
const KEYBOARD_MIN_PX = 120;
/** Above this scale the page is zoomed, which shrinks the visual viewport as well. */
const ZOOMED_SCALE = 1.05;

/**
 * Return the height of what covers the lower end of the page, 0 without a keyboard. Pure.
 * @param {{height: number, offsetTop: number, scale: number}} visual the visual viewport
 * @param {number} layoutHeight of the layout viewport
 */
export function keyboardHeight({ height, offsetTop, scale }, layoutHeight) {
  if (scale > ZOOMED_SCALE) return 0;
  const covered = Math.round(layoutHeight - height - offsetTop);
  return layoutHeight - height < KEYBOARD_MIN_PX ? 0 : Math.max(0, covered);
}

/**
 * Keep the toolbar above the keyboard while the text has the focus.
 *
 * The style sheets read `--keyboard` of the root, and the class `has-keyboard` of the body.
 * @param {HTMLElement} toolbar
 * @param {import("../../vendor/tiptap.js").Editor} editor
 */
export function followKeyboard(toolbar, editor) {
  const viewport = window.visualViewport;
  if (!viewport) return;
  let isUp = false;
  const refresh = () => {
    const height = keyboardHeight(viewport, document.documentElement.clientHeight);
    const isWriting = editor.isFocused || toolbar.contains(document.activeElement);
    document.documentElement.style.setProperty("--keyboard", `${height}px`);
    const wasUp = isUp;
    isUp = height > 0 && isWriting;
    document.body.classList.toggle("has-keyboard", isUp);
    // The line that is written in may be behind the toolbar now.
    if (isUp && !wasUp) editor.commands.scrollIntoView();
  };
  viewport.addEventListener("resize", refresh);
  viewport.addEventListener("scroll", refresh);
  editor.on("focus", refresh);
  editor.on("blur", refresh);
  toolbar.addEventListener("focusout", refresh);
  refresh();
}
