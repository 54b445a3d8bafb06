/** The ticks of the history's slider: where writing sessions begin, with days and hours. */
import { dayOf, hourOf } from "../lib/time.js";
import { h } from "../ui/dom.js";

/** @typedef {{share: number, label: string}} Tick share of the slider's length, from 0 to 1 */

/** Smallest distance of two ticks, and of two labels, as shares of the slider's length. */
const TICK_GAP = 1 / 80;
const LABEL_GAP = 0.16;
/** A label so near to an end of the slider is not centred under its tick. */
const EDGE = 0.06;

/**
 * Return the ticks of sessions, at most 81 however many sessions there are. Pure.
 * @param {{first_seq: number, began_at: string}[]} sessions the latest first
 * @param {{start: number, head: number}} log
 * @param {number} [now] ms since the epoch
 * @returns {Tick[]}
 */
export function ticksOf(sessions, { start, head }, now = Date.now()) {
  /** @type {Tick[]} */
  const ticks = [];
  let labelled = -1;
  let day = "";
  let last = "";
  for (const { first_seq: first, began_at: began } of sessions.toReversed()) {
    const share = (first - 1 - start) / (head - start);
    const before = ticks.at(-1)?.share ?? -1;
    if (!(share >= 0 && share <= 1) || share - before < TICK_GAP) continue;
    const isLabelled = labelled < 0 || share - labelled >= LABEL_GAP;
    const label = isLabelled ? labelOf(began, day, now) : "";
    const isNew = label !== "" && label !== last;
    ticks.push({ share, label: isNew ? label : "" });
    if (!isNew) continue;
    [labelled, last, day] = [share, label, dayOf(began, now)];
  }
  return ticks;
}

/**
 * Return the day of a time, or its hour where the day is that of the label before.
 * @param {string} began ISO 8601
 * @param {string} dayBefore empty for the first label, which means today
 * @param {number} now ms since the epoch
 */
function labelOf(began, dayBefore, now) {
  const day = dayOf(began, now);
  if (day === (dayBefore || "Today")) return hourOf(began);
  if (day === "Today" || day === "Yesterday") return day;
  return new Date(began).toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

/**
 * Draw ticks under the slider.
 * @param {HTMLElement} place
 * @param {Tick[]} ticks
 */
export function drawTicks(place, ticks) {
  place.replaceChildren(
    ...ticks.map(({ share, label }) => {
      const edge = share < EDGE ? "start" : share > 1 - EDGE ? "end" : "";
      const tick = h("span", { class: "history-tick", "data-edge": edge }, h("span", {}, label));
      tick.style.setProperty("--share", String(share));
      return tick;
    }),
  );
}
