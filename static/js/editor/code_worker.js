/** The worker in which code is highlighted: the page ends it when that takes too long. */
import { common, createLowlight } from "../../vendor/highlight.js";
import { rangesOf } from "./code_ranges.js";

const lowlight = createLowlight(common);

addEventListener("message", ({ data: { language, text } }) => {
  const isKnown = lowlight.registered(language);
  postMessage({ ranges: isKnown ? rangesOf(lowlight.highlight(language, text)) : [] });
});
postMessage({ isReady: true });
