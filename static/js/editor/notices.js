/** Messages about what the editor does not take. */
import { toast } from "../ui/toast.js";

export function sayKept() {
  toast("A part that cannot be shown here is kept. Select the text before it or behind it.");
}

export function sayLargeTable() {
  toast("A table with more than 10,000 cells cannot be one here. Its rows were added as lines.");
}

export function sayNoFormats() {
  toast("This cannot be loaded now. Try again when you are online.");
}

export function sayNoTables() {
  toast("Tables cannot be loaded now. Try again when you are online.");
}
