/** Styles of pasted HTML are set aside before it is parsed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { moveStyles, withStylesAside } from "../../static/js/editor/paste.js";

/** Longest time to read a hostile megabyte: processor time, in microseconds. */
const MOST_TIME = 200_000;

test("an attribute of style and a handler are set aside", () => {
  for (const [html, expected] of /** @type {[string, string][]} */ ([
    ['<p style="color:red">a</p>', '<p data-style="color:red">a</p>'],
    ["<P\n\tSTYLE = 'a' onClick=x()>a", "<P\n\tdata-STYLE = 'a' data-onClick=x()>a"],
    ["<br/style=a>", "<br/data-style=a>"],
    // A `>` in quotes ends no tag, and a quote ends an attribute without a space.
    [
      '<td data-sheets-formula="=IF(R[0]C[-1]>3,1,0)" style="font-weight:bold">1</td>',
      '<td data-sheets-formula="=IF(R[0]C[-1]>3,1,0)" data-style="font-weight:bold">1</td>',
    ],
    [`<b title='">' class="a"style="b">`, `<b title='">' class="a"data-style="b">`],
    // A quote within a name or a value without quotes opens nothing.
    [`<p it's title=don't style="a">`, `<p it's title=don't data-style="a">`],
    ['<p style><p a= style="b">', '<p data-style><p a= style="b">'],
    ['<p <b style="a">', '<p <b data-style="a">'],
    ['<!-- <b "it\'s --><p style="a">', '<!-- <b "it\'s --><p data-style="a">'],
    ['<!--><p style="a">', '<!--><p data-style="a">'],
    ['<!-- a --!><p style="a">', '<!-- a --!><p data-style="a">'],
    ["<style>p {}</style><p>a", "<p>a"],
  ])) {
    assert.equal(withStylesAside(html), expected);
  }
});

test("what is no attribute of style stays", () => {
  for (const html of [
    'style="a" 1 < style="b" <3 style=c',
    '<a href="/?a style=b" title=" onclick=c">style="d"</a>',
    "<a href='/? style=b'>c</a>",
    '<p data-style="a" styles="b" on="c" x-onclick="d" a=style=b>',
    '<!-- <p style="a"> -->',
    '<!-- <p style="a">',
  ]) {
    assert.equal(withStylesAside(html), html);
  }
});

test("hostile HTML is read in time that grows with its length", () => {
  const most = 1_000_000;
  for (const [start, part] of /** @type {[string, string][]} */ ([
    ["", "<a"],
    ["", "<a "],
    ["", '<a b="'],
    ["", "<a b='\""],
    ["", "<!--"],
    ["", "<style"],
    ["", "<style>"],
    ["<a", " "],
    ["<a", "/"],
    ["<a ", "="],
    ["<a ", "b "],
    ["<a ", "b="],
    ["<a ", "b = "],
    ["<a ", "style "],
    ["<a b", " ".repeat(1_000)],
    ["<a b=", " ".repeat(1_000)],
    ['<a b="', ">"],
    ["<!--", "-"],
    ["", "<"],
    ["", "<a>"],
    ["", "<a onb=''>"],
  ])) {
    const html = start + part.repeat(Math.ceil(most / part.length));
    const before = process.cpuUsage();
    assert.ok(withStylesAside(html).length > 0 || html.startsWith("<style"));
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < MOST_TIME, `${start}${part.trim()}… takes ${user + system} µs`);
  }
});

test("what is left in an attribute of style is read after parsing", () => {
  const attributes = new Map([
    ["style", "font-weight:bold"],
    ["data-style", "a"],
  ]);
  const element = {
    getAttribute: (/** @type {string} */ name) => attributes.get(name) ?? null,
    setAttribute: (/** @type {string} */ name, /** @type {string} */ value) =>
      attributes.set(name, value),
    removeAttribute: (/** @type {string} */ name) => attributes.delete(name),
  };
  const body = {
    querySelectorAll: (/** @type {string} */ which) => (which === "[style]" ? [element] : []),
  };
  moveStyles(/** @type {any} */ (body));
  assert.deepEqual([...attributes], [["data-style", "font-weight:bold"]]);
});
