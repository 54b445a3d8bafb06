/**
 * Tooltips: the text of `data-tooltip`, for a mouse, the keyboard and touch alike.
 *
 * A browser shows a `title` to a mouse only, after a second. Ours appears when the pointer rests on
 * its element, when the keyboard reaches it, and under a finger that is held on it (or taps it, where
 * it is no control). It stays while the pointer is on it and goes by Escape (WCAG 1.4.13).
 */
import { h } from "./dom.js";

/** How long a pointer rests before a tooltip shows. */
const REST_MS = 400;
/** How long a finger is held, and how long its tooltip stays. */
const HOLD_MS = 500;
const TOUCHED_MS = 3_000;
/** Distance from the element, and from the edges of the window, in pixels. */
const GAP = 6;

/**
 * Return where a tooltip stands: centred below its element, or above it where there is no room. Pure.
 * @param {{top: number, bottom: number, left: number, right: number}} element
 * @param {{width: number, height: number}} tooltip
 * @param {{width: number, height: number}} room
 */
export function tooltipPlace(element, tooltip, room) {
  const below = element.bottom + GAP;
  const isBelow = below + tooltip.height + GAP <= room.height;
  const centred = (element.left + element.right - tooltip.width) / 2;
  const left = Math.max(GAP, Math.min(centred, room.width - GAP - tooltip.width));
  return { top: isBelow ? below : Math.max(GAP, element.top - GAP - tooltip.height), left };
}

/** Shows one tooltip at a time. */
class Tooltip {
  #box = h("div", { id: "tooltip", class: "tooltip", role: "tooltip", popover: "manual" });
  /** The element whose text is shown. @type {HTMLElement | null} */
  #of = null;
  /** Who presses a control knows it: its tooltip waits until the pointer has left. @type {HTMLElement | null} */
  #pressed = null;
  #isByPointer = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    document.addEventListener("pointermove", (event) => this.#onMove(event), { passive: true });
    document.addEventListener("pointerdown", (event) => this.#onPress(event));
    document.addEventListener("pointerup", (event) => this.#onRelease(event));
    document.addEventListener("pointercancel", (event) => this.#onRelease(event));
    document.addEventListener("click", (event) => this.#onClick(event), { capture: true });
    document.addEventListener("focusin", ({ target }) => {
      const element = target instanceof HTMLElement ? target : null;
      if (this.#of && !this.#isByPointer) this.#hide();
      if (!element?.dataset.tooltip || !element.matches(":focus-visible")) return;
      // Later: a dialog or a menu that opens has the focus while it is being shown.
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#show(element));
    });
    document.addEventListener("focusout", () => {
      if (!this.#isByPointer) this.#hide();
    });
    document.addEventListener("keydown", (event) => this.#onKey(event), { capture: true });
    document.addEventListener("scroll", () => this.#hide(), { capture: true, passive: true });
    // The pointer may rest on an element already, or the keyboard have reached one.
    const focused = document.querySelector("[data-tooltip]:focus-visible");
    const hovered = [...document.querySelectorAll("[data-tooltip]:hover")].at(-1);
    const element = /** @type {HTMLElement | null} */ (focused ?? hovered ?? null);
    const isByPointer = focused === null;
    if (element) this.#timer = setTimeout(() => this.#show(element, isByPointer), REST_MS);
  }

  /** @param {PointerEvent} event */
  #onMove({ clientX: x, clientY: y, pointerType }) {
    if (pointerType === "touch") return;
    clearTimeout(this.#timer);
    if (this.#of && this.#isByPointer) {
      if ([this.#of, this.#box].some((element) => isIn(element, x, y))) return;
      this.#hide();
    }
    this.#timer = setTimeout(() => {
      const element = ownerAt(x, y);
      if (element && element !== this.#pressed) this.#show(element, true);
      if (element !== this.#pressed) this.#pressed = null;
    }, REST_MS);
  }

  /** @param {PointerEvent} event */
  #onPress({ target, pointerType }) {
    this.#hide();
    this.#pressed = ownerOf(target);
    const element = this.#pressed;
    if (pointerType !== "touch" || !element) return;
    this.#timer = setTimeout(() => this.#show(element, true), HOLD_MS);
  }

  /** @param {PointerEvent} event */
  #onRelease({ pointerType }) {
    if (pointerType !== "touch") return;
    if (this.#of) this.#hideIn(TOUCHED_MS);
    else clearTimeout(this.#timer);
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const isTouch = event instanceof PointerEvent && event.pointerType === "touch";
    const element = ownerOf(event.target);
    if (!isTouch || !element) return;
    // A finger that was held has asked what the control does, not pressed it.
    if (element === this.#of) {
      event.preventDefault();
      event.stopPropagation();
    } else if (!element.closest("button, a, input, summary")) {
      this.#show(element, true);
      this.#hideIn(TOUCHED_MS);
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (!this.#of || event.key !== "Escape") return;
    // The key closes nothing else, unless the focus was what showed the tooltip.
    if (this.#isByPointer) {
      event.preventDefault();
      event.stopPropagation();
    }
    this.#hide();
  }

  /** @param {number} delayMs */
  #hideIn(delayMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#hide(), delayMs);
  }

  /**
   * @param {HTMLElement} element
   * @param {boolean} [isByPointer]
   */
  #show(element, isByPointer = false) {
    this.#hide();
    const text = element.dataset.tooltip;
    if (!text || !element.isConnected) return;
    this.#of = element;
    this.#isByPointer = isByPointer;
    this.#box.textContent = text;
    // What is outside of an open dialog cannot be reached.
    (element.closest("dialog, header, main, footer") ?? document.body).append(this.#box);
    this.#box.showPopover();
    const { clientWidth: width, clientHeight: height } = document.documentElement;
    const [around, own] = [element.getBoundingClientRect(), this.#box.getBoundingClientRect()];
    const { top, left } = tooltipPlace(around, own, { width, height });
    this.#box.style.top = `${top}px`;
    this.#box.style.left = `${left}px`;
    // A name that says the same is not read twice.
    if (nameOf(element) !== text) element.setAttribute("aria-describedby", this.#box.id);
  }

  #hide() {
    clearTimeout(this.#timer);
    this.#of?.removeAttribute("aria-describedby");
    this.#of = null;
    this.#box.remove();
  }
}

/** @param {HTMLElement} element */
function nameOf(element) {
  return element.getAttribute("aria-label") ?? element.textContent;
}

/**
 * Return the element with a tooltip that an event is in.
 * @param {EventTarget | null} target
 */
function ownerOf(target) {
  return target instanceof Element
    ? /** @type {HTMLElement | null} */ (target.closest("[data-tooltip]"))
    : null;
}

/**
 * Return the element with a tooltip at a point: also one that the link of its row lies over.
 * @param {number} x
 * @param {number} y
 */
function ownerAt(x, y) {
  const [top, ...below] = document.elementsFromPoint(x, y);
  const owner = ownerOf(top ?? null);
  const row = top?.closest(/** @type {"a"} */ ("a"))?.offsetParent;
  return (
    owner ??
    below
      .filter((element) => row?.contains(element))
      .map(ownerOf)
      .find(Boolean) ??
    null
  );
}

/**
 * @param {HTMLElement} element
 * @param {number} x
 * @param {number} y
 */
function isIn(element, x, y) {
  const { top, bottom, left, right } = element.getBoundingClientRect();
  // With the gap between the two.
  return y >= top - GAP && y <= bottom + GAP && x >= left && x <= right;
}

/** Show the tooltips of the page. Called once. */
export function showTooltips() {
  new Tooltip();
}
