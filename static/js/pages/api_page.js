/** The browsable API and its reference: nothing but tooltips. */
import { showTooltips } from "../ui/tooltip.js";

showTooltips();
