/** The worker in which a person's regular expression runs: the page ends it when that takes too long. */
import { expressionOf, matchesIn } from "./find_matches.js";

addEventListener("message", ({ data: { query, texts, replacement } }) => {
  const expression = expressionOf(query);
  postMessage({ found: expression === null ? [] : matchesIn(texts, expression, replacement) });
});
postMessage({ isReady: true });
