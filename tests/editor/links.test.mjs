/** What may be typed as the address of a link. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isSafeLink, linkFrom } from "../../static/js/lib/links.js";

for (const [typed, expected] of /** @type {[string, string | null][]} */ ([
  ["example.org", "https://example.org"],
  [" example.org/a?b#c ", "https://example.org/a?b#c"],
  ["https://example.org/a b", "https://example.org/a%20b"],
  ["http://intranet/wiki", "http://intranet/wiki"],
  ["localhost:8000/x", "https://localhost:8000/x"],
  ["intranet:8080", "https://intranet:8080"],
  ["localhost", "https://localhost"],
  ["[::1]/x", "https://[::1]/x"],
  ["bücher.example", "https://bücher.example"],
  ["ada@example.org", "mailto:ada@example.org"],
  ["mailto:ada@example.org", "mailto:ada@example.org"],
  ["tel:+44 20 7946", "tel:+44%2020%207946"],
  ["not a link at all", null],
  ["https://not a link at all", null],
  ["https://", null],
  ["word", null],
  ["Mr. Smith", null],
  [".", null],
  ["...", null],
  ["/documents/x", null],
  ["", null],
  ["javascript:alert(1)", null],
  ["data:text/html,x", null],
  ["file:///etc/passwd", null],
])) {
  test(`${JSON.stringify(typed)} as an address is ${expected}`, () => {
    assert.equal(linkFrom(typed), expected);
    if (expected !== null) assert.ok(isSafeLink(expected));
  });
}
