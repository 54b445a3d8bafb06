"""Markdown export and import: any text round-trips."""

import re
import time

import pytest
from hypothesis import example, given, settings

from apps.crdt.content.markdown_reader import markdown_read
from apps.crdt.content.markdown_writer import markdown_write
from tests.crdt.content.trees import (
    BREAK,
    EVERYTHING,
    LINK,
    Built,
    block,
    documents,
    item,
    lines,
    nasty_words,
    paragraph,
    task,
    text,
)
from tests.crdt.samples import patient

WRITTEN = """# A _title_

### Below

plain **bold _both_** ~~gone~~ `x = 1` and [a link **in bold**](https://example.org/a?b=1&c=2)\\
next line

- one

- two

  more

5. five

6. six

   - nested

- [x] done
- [ ] open

> said
>
> > again

````python
def f():
    return `1` < 2


# ```
````

```
plain
```

***

end
"""


def test_every_node_and_mark_is_written_as_people_write_it() -> None:
    """With all nodes and marks of the page."""
    assert markdown_write(EVERYTHING) == WRITTEN


def test_every_node_and_mark_round_trips() -> None:
    """Except that spaces at the edges of marks are moved outside."""
    again = markdown_read(markdown_write(EVERYTHING))
    assert [one["type"] for one in again] == [one["type"] for one in EVERYTHING]
    assert again[3:] == EVERYTHING[3:]
    assert markdown_read(markdown_write(again)) == again


def texts(nodes: list[Built]) -> list[str]:
    """Return the text of each line with text; a tab is a space, a hard break ends a line."""
    found: list[str] = []
    for node in nodes:
        content = node.get("content", [])
        if any("text" in one for one in content):
            found.append("".join(one.get("text", "\n") for one in content))
        else:
            found += texts(content)
    return found


@settings(patient, max_examples=100)
@given(documents(nasty_words))
@example([paragraph(text("*", "bold", "italic"), text("0", "bold"), "0")])
@example([paragraph("0", text("0", "bold"), text("*", "bold", "italic"))])
def test_text_of_any_document_round_trips(blocks: list[Built]) -> None:
    """Also text with characters that are special in Markdown."""
    written = markdown_write(blocks)
    assert texts(markdown_read(written)) == texts(blocks), written


def looks(node: Built) -> list[tuple[str, set[str]]]:
    """Return each visible character with the names of its marks."""
    return [
        (char, {mark["type"] for mark in one.get("marks", ())})
        for one in node.get("content", ())
        for char in one["text"]
        if not char.isspace()
    ]


@settings(patient, max_examples=100)
@given(lines(nasty_words))
def test_marks_of_any_line_round_trip(line: Built) -> None:
    """Beside letters, punctuation, spaces, and each other."""
    written = markdown_write([line])
    again = markdown_read(written)
    assert looks(again[0] if again else {}) == looks(line), written


@settings(patient, max_examples=40)
@given(documents(nasty_words))
@example([block("bulletList", block("listItem", paragraph(), block("heading", level=1), "*"))])
def test_written_markdown_is_stable(blocks: list[Built]) -> None:
    """A second round trip changes nothing."""
    once = markdown_read(markdown_write(blocks))
    assert markdown_read(markdown_write(once)) == once


LINES: dict[str, tuple[Built, str]] = {
    "letters beside bold": (paragraph("a", text("b", "bold"), "c"), "a**b**c"),
    "letters beside italic": (paragraph("a", text("b", "italic"), "c"), "&#97;_b_&#99;"),
    "punctuation in bold before a letter": (
        paragraph(text("b.", "bold"), "c"),
        "**b.**&#99;",
    ),
    "spaces in bold": (paragraph("a", text(" b ", "bold"), "c"), "a **b** c"),
    "spaces at the edges": (paragraph("  a "), "&#32; a&#32;"),
    "a list that is none": (paragraph("- a"), "\\- a"),
    "a number that is none": (paragraph("1986. A year"), "1986\\. A year"),
    "a heading that is none": (paragraph("# a"), "\\# a"),
    "a line below that is none": (paragraph("a", BREAK, "==="), "a\\\n\\==="),
    "HTML that is text": (paragraph("<b>&amp; AT&T"), "\\<b>\\&amp; AT&T"),
    "a box that is text": (paragraph("[ ] a"), "\\[ \\] a"),
    "backticks in code": (paragraph(text("`a``", "code")), "``` `a`` ```"),
    "addresses that are no links": (
        paragraph("http://a.b www.a.b a@b.c"),
        "http\\://a.b www\\.a.b a\\@b.c",
    ),
    "a picture that is none": (
        paragraph("!", text("a", "link")),
        "\\![a](https://example.org/a?b=1&c=2)",
    ),
    "a heading that ends with a sign": (block("heading", "C #", level=1), "# C \\#"),
    "a break at the end": (paragraph("a", BREAK), "a"),
    "a heading of two lines": (block("heading", "a", BREAK, "b", level=2), "## a b"),
}


@pytest.mark.parametrize("case", LINES)
def test_line_is_written_with_few_escapes(case: str) -> None:
    """Only necessary characters are escaped."""
    line, wanted = LINES[case]
    assert markdown_write([line]) == f"{wanted}\n"


def linked_text(address: str, words: str = "") -> Built:
    """Return a text with a link; by default, its words are the address."""
    mark = {"type": "link", "attrs": LINK["attrs"] | {"href": address}}
    return {"type": "text", "text": words or address, "marks": [mark]}


def linked(address: str, title: str | None = None) -> Built:
    """Return a paragraph with a link."""
    mark = {"type": "link", "attrs": LINK["attrs"] | {"href": address, "title": title}}
    return paragraph({"type": "text", "text": "a", "marks": [mark]})


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("https://example.org/a_b*c*", None),
        ("https://example.org/(a)", None),
        ("https://example.org/?a=1&lt;=2", 'say "a" \\ &amp; <b>'),
        ("mailto:a@example.org", "t"),
        ("/relative", None),
    ],
)
def test_link_round_trips_with_address_and_title(address: str, title: str | None) -> None:
    """With any content."""
    blocks = [linked(address, title)]
    assert markdown_read(markdown_write(blocks)) == blocks


def test_link_with_odd_characters_has_the_same_address() -> None:
    """Addresses are written as a browser sends them."""
    again = markdown_read(markdown_write([linked("https://example.org/a b<c>é")]))
    href = again[0]["content"][0]["marks"][0]["attrs"]["href"]
    assert href == "https://example.org/a%20b%3Cc%3E%C3%A9"


def test_adjacent_lists_stay_separate() -> None:
    """The second list has another marker."""
    blocks = [
        block("bulletList", item("a")),
        block("bulletList", item("b")),
        block("taskList", task("c", checked=False)),
        block("orderedList", item("d"), start=1),
        block("orderedList", item("e"), start=0),
    ]
    assert markdown_read(markdown_write(blocks)) == blocks


MARKDOWN: dict[str, tuple[str, list[Built]]] = {
    "nothing": ("", []),
    "one paragraph over lines": ("a\nb", [paragraph("a b")]),
    "headings of both kinds": (
        "# a\n\nb\n===\n\n#### c",
        [
            block("heading", "a", level=1),
            block("heading", "b", level=1),
            block("heading", "c", level=3),
        ],
    ),
    "tasks": (
        "* [x] a\n* [ ] **b**\n* [X]\n* c\n* \\[ ] d",
        [
            block(
                "taskList",
                task("a", checked=True),
                block("taskItem", paragraph(text("b", "bold")), checked=False),
                block("taskItem", paragraph(), checked=True),
            ),
            block("bulletList", item("c"), item("[ ] d")),
        ],
    ),
    "a table": (
        "| a | **b** |\n| - | - |\n| 1 |  |",
        [paragraph("a | ", text("b", "bold")), paragraph("1 | ")],
    ),
    "a picture": (
        "![cat](https://example.org/a?b=1&c=2)",
        [paragraph(text("cat", "link"))],
    ),
    "code": (
        "    a\n     b\n\n~~~ js x\nc\n~~~",
        [block("codeBlock", "a\n b"), block("codeBlock", "c", language="js")],
    ),
    "cells without words": (
        "|       | Q1 | Q2 |\n| --- | -- | -- |\n| North |    | 5  |\n|    |    | 7  |",
        [paragraph(" | Q1 | Q2"), paragraph("North |  | 5"), paragraph(" |  | 7")],
    ),
    "cells beyond the head": (
        "| a | b |\n| - | - |\n| `x|y` | c \\| d |\n| e |\n",
        [paragraph("a | b"), paragraph("`x | y` | c | d"), paragraph("e | ")],
    ),
    "pictures without words": (
        '![](https://a.b) ![](c.png)\n\n![](d.png "it")\n\n[![cat](e.png)](https://a.b)',
        [
            paragraph(linked_text("https://a.b"), " ", linked_text("c.png")),
            paragraph(linked_text("d.png", "it")),
            paragraph(linked_text("https://a.b", "cat"), " (e.png)"),
        ],
    ),
    "words of a picture with marks": (
        "![foo *bar*](a.png)\n\n![a [b](https://a.b) `c`\nd](c.png)",
        [paragraph(linked_text("a.png", "foo bar")), paragraph(linked_text("c.png", "a b c d"))],
    ),
    "addresses that are no links": (
        "[by ftp](ftp://a.b/x) and [a note](obsidian://open?vault=v), <ftp://a.b>",
        [paragraph("by ftp (ftp://a.b/x) and a note (obsidian://open?vault=v), ftp://a.b")],
    ),
    "a link without words": ("a [](/b)", [paragraph("a ", linked_text("/b"))]),
    "definitions that no link uses": (
        (
            "[a][1], [2]\n\n[1]: https://a.b\n[1]: https://c.d\n[2]: #x\n[//]: # (a comment)\n"
            "> [Note]: /e 'see'\n"
        ),
        [
            paragraph(linked_text("https://a.b", "a"), ", ", linked_text("#x", "2")),
            block("blockquote", paragraph()),
            paragraph("note: see ", linked_text("/e")),
            paragraph("1: ", linked_text("https://c.d")),
        ],
    ),
    "bare addresses": (
        "See https://a.b/c, www.a.b. (http://a.b/(c)) a.b@c.d, http\\://a.b `http://a.b`",
        [
            paragraph(
                "See ",
                linked_text("https://a.b/c"),
                ", ",
                linked_text("http://www.a.b", "www.a.b"),
                ". (",
                linked_text("http://a.b/(c)"),
                ") ",
                linked_text("mailto:a.b@c.d", "a.b@c.d"),
                ", http://a.b ",
                text("http://a.b", "code"),
            )
        ],
    ),
    "what is struck": (
        "~one~ ~~two~~ ~~~three~~~ ~a~~",
        [paragraph(text("one", "strike"), " ", text("two", "strike"), " ~~~three~~~ ~a~~")],
    ),
    "HTML is read as a page": (
        (
            "<pre>\nfirst line\n\nsecond  line\n</pre>\n\n<!-- a note *for* authors -->\n\n"
            '<a href="/a\\*b&ouml;">x</a> 10<sup>6</sup>\n\n'
            "<details>\n<summary>More</summary>\n\n- [x] **a** &lt;\n\n</details>\n\n"
            "| a<br>b | |\n| - | - |\n| ![](c) | `<b>` |\n\n~~~ js x\n<\n\n~~~\n\n5. a\\\n   b"
        ),
        [
            block("codeBlock", "first line\n\nsecond  line"),
            paragraph(linked_text("/a\\*bö", "x"), " 10⁶"),
            paragraph("More"),
            block(
                "taskList",
                block("taskItem", paragraph(text("a", "bold"), " <"), checked=True),
            ),
            paragraph("a b | "),
            paragraph(linked_text("c"), " | ", text("<b>", "code")),
            block("codeBlock", "<\n", language="js"),
            block("orderedList", item("a", BREAK, "b"), start=5),
        ],
    ),
    "HTML that is none is text": (
        (
            "a List<String> <!-- note -->b <script> <?php 1 ?>\n\n<String>\n&amp; *c*\n\n"
            "<div\nd\n\n<style>\ne\n\nf"
        ),
        [
            paragraph("a List<String> b <script> <?php 1 ?>"),
            paragraph("<String>", BREAK, "&amp; *c*"),
            paragraph("<div", BREAK, "d"),
            paragraph("<style>", BREAK, "e", BREAK, BREAK, "f"),
        ],
    ),
    "HTML that does not end": (
        "<b>x</b>\n\n<div>\n<!-- a\n\n<p\n\n<textarea>\n*b*\n\nc",
        [
            paragraph(text("x", "bold")),
            paragraph("<!-- a"),
            paragraph("<p"),
            paragraph("<textarea>", BREAK, "*b*", BREAK, BREAK, "c"),
        ],
    ),
    "front matter": (
        "---\ntitle: My note\ntags: [a, b]\n---\n\n# Hello",
        [block("codeBlock", "tags: [a, b]", language="yaml"), block("heading", "Hello", level=1)],
    ),
    "HTML is read": (
        "<script>alert(1)</script>\n\na <b>c</b>",
        [paragraph("a ", text("c", "bold"))],
    ),
    "a link that acts": (
        "[a](javascript:alert(1)) <javascript:alert(1)> [b](data:text/html,x)",
        [paragraph("[a](javascript:alert(1)) <javascript:alert(1)> [b](data:text/html,x)")],
    ),
    "code in a link": (
        "[`a`](https://example.org/a?b=1&c=2)",
        [paragraph(text("a", "link"))],
    ),
    "a reference": (
        "[text][1] and [1]\n\n[1]: https://example.org/a?b=1&c=2",
        [paragraph(text("text", "link"), " and ", text("1", "link"))],
    ),
    "a number to begin with": (
        "0) a\n1) b",
        [block("orderedList", item("a"), item("b"), start=0)],
    ),
    "line ends of Windows": ("a\r\n\r\nb", [paragraph("a"), paragraph("b")]),
}


@pytest.mark.parametrize("case", MARKDOWN)
def test_markdown_of_other_programs_is_read(case: str) -> None:
    """CommonMark, and of GitHub's: strikethrough, tables, tasks."""
    source, wanted = MARKDOWN[case]
    assert markdown_read(source) == wanted


@pytest.mark.parametrize(
    "unit", ["> ", "- ", "1. ", "[", "![", "*a ", "`", "~~a", "<", "&", "[a](", "\\", "|\n|-\n"]
)
def test_hostile_markdown_is_read(unit: str) -> None:
    """Ten thousand levels, in bounded time, and nothing is lost."""
    started = time.process_time()
    assert "end" in str(markdown_read(unit * 10_000 + "end"))
    assert time.process_time() - started < 10


@pytest.mark.parametrize("marker", ["-", "1.", ">"])
@pytest.mark.parametrize("levels", [40, 500])
def test_lists_and_quotes_of_any_depth_are_read_whole(marker: str, levels: int) -> None:
    """Below 29 levels, the parser left out all that came."""
    indent = "> " if marker == ">" else " " * (len(marker) + 1)
    lines = [f"{indent * level}{marker} level {level}\n" for level in range(levels)]
    words = "".join(texts(markdown_read("".join(lines))))
    assert [int(number) for number in re.findall(r"level (\d+)", words)] == [*range(levels)]
