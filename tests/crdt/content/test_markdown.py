"""Markdown export and import: any text round-trips."""

import re
import time

import pytest
from hypothesis import example, given, settings

from apps.crdt.content.markdown_reader import markdown_read
from apps.crdt.content.markdown_writer import markdown_write
from tests.crdt.content.markdown_cases import MARKDOWN
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

###### Below

plain **bold _both_** ~~gone~~ <u>under **both**</u> `x = 1` and [a link **in bold**](https://example.org/a?b=1&c=2)\\
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
