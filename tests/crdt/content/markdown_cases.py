"""Markdown of other programs, with what is read of it."""

from tests.crdt.content.trees import (
    BREAK,
    LINK,
    Built,
    block,
    highlighted,
    item,
    paragraph,
    table,
    task,
    td,
    text,
    th,
    unfolding,
)


def linked_text(address: str, words: str = "") -> Built:
    """Return a text with a link; by default, its words are the address."""
    mark = {"type": "link", "attrs": LINK["attrs"] | {"href": address}}
    return {"type": "text", "text": words or address, "marks": [mark]}


MARKDOWN: dict[str, tuple[str, list[Built]]] = {
    "nothing": ("", []),
    "one paragraph over lines": ("a\nb", [paragraph("a b")]),
    "headings of both kinds": (
        "# a\n\nb\n===\n\n#### c",
        [
            block("heading", "a", level=1),
            block("heading", "b", level=1),
            block("heading", "c", level=4),
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
        [table([th("a"), th(text("b", "bold"))], ["1", td()])],
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
        [table([th(), th("Q1"), th("Q2")], ["North", td(), "5"], [td(), td(), "7"])],
    ),
    "cells beyond the head": (
        "| a | b |\n| - | - |\n| `x|y` | c \\| d |\n| e |\n",
        [
            table(
                [th("a"), th("b"), th()],
                ["`x", "y`", "c | d"],
                ["e", td(), td()],
            )
        ],
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
    "what is underlined": (
        "a  <u>b  **c**</u> <U>d</U> *<u>e</u>*",
        [
            paragraph(
                "a  ",
                text("b  ", "underline"),
                text("c", "underline", "bold"),
                " ",
                text("d", "underline"),
                " ",
                text("e", "underline", "italic"),
            )
        ],
    ),
    "what is highlighted, raised and lowered": (
        (
            "<mark>a</mark> <MARK data-color=\"red\">*b*</mark> <mark data-color='evil'>c</mark> "
            "10<sup>6</sup> H<sub>2</sub>O <sup>x<sub>i</sub></sup>"
        ),
        [
            paragraph(
                highlighted("a"),
                " ",
                highlighted("b", "red", "italic"),
                " ",
                highlighted("c"),
                " 10",
                text("6", "superscript"),
                " H",
                text("2", "subscript"),
                "O ",
                text("x", "superscript"),
                text("i", "subscript", "superscript"),
            )
        ],
    ),
    "callouts of GitHub and Obsidian": (
        (
            "> [!NOTE]\n> a\n\n> [!warning] b\n> c\n\n> [!CAUTION]\n>\n> - d\n\n> [!tip]\n\n"
            "> [!IMPORTANT]\n> > [!TIP]\n> > e\n\n> \\[!NOTE]\n\n> [!other]\n\n[!NOTE]"
        ),
        [
            block("callout", paragraph("a"), kind="info"),
            block("callout", paragraph("b c"), kind="warning"),
            block("callout", block("bulletList", item("d")), kind="danger"),
            block("callout", paragraph(), kind="tip"),
            block("callout", block("callout", paragraph("e"), kind="tip"), kind="info"),
            block("blockquote", paragraph("[!NOTE]")),
            block("blockquote", paragraph("[!other]")),
            paragraph("[!NOTE]"),
        ],
    ),
    "parts to unfold": (
        (
            "a  b\n\n<details>\n<summary>c &lt; <em>d</em></summary>\n\n- e  f\n\n</details>\n\n"
            "> <details>\n>\n> g\n>\n> </details>"
        ),
        [
            paragraph("a  b"),
            block(
                "details",
                block("detailsSummary", "c < ", text("d", "italic")),
                block("detailsContent", block("bulletList", item("e  f"))),
            ),
            block(
                "blockquote",
                block("details", block("detailsSummary"), block("detailsContent", paragraph("g"))),
            ),
        ],
    ),
    "tags that do not nest well are read as a page": (
        "*a <u>b* c</u>  d",
        [
            paragraph(
                text("a ", "italic"),
                text("b", "underline", "italic"),
                text(" c", "underline"),
                " d",
            )
        ],
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
            paragraph(linked_text("/a\\*bö", "x"), " 10", text("6", "superscript")),
            unfolding(
                "More",
                block(
                    "taskList",
                    block("taskItem", paragraph(text("a", "bold"), " <"), checked=True),
                ),
            ),
            table([th("a", BREAK, "b"), th()], [td(linked_text("c")), td(text("<b>", "code"))]),
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
