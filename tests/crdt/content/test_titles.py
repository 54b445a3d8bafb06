"""The title of a text to import."""

import json

import pytest

from apps.crdt.content.conversion import content_convert, content_export
from apps.crdt.content.front_matter import front_matter_split
from apps.crdt.content.prosemirror import document_json
from apps.crdt.content.readers import content_read
from apps.crdt.content.titles import title_declared, title_separated
from tests.crdt.content.trees import EVERYTHING, Built, block, paragraph, text


def titled(source: str, kind: str, title: str = "") -> tuple[str, list[Built]]:
    """Return the title and the blocks of a new document."""
    found = content_convert(source, kind, title=title)
    return found.title, document_json(found.update)["content"] if found.update else []


X = paragraph("x")
INTRODUCTION = block("heading", "Introduction", level=1)
TITLES: dict[str, tuple[str, str, str, list[Built]]] = {
    "of a page": ("<title>Budget &amp;\n 2026</title><p>x", "html", "Budget & 2026", [X]),
    "of a page before its first heading": (
        "<!doctype html><html><head><TITLE lang=en>A<b></TITLE></head><h1>Introduction</h1><p>x",
        "html",
        "A<b>",
        [INTRODUCTION, X],
    ),
    "of a page that is its first heading": (
        "<title>Introduction</title><h1>Introduction</h1><p>x",
        "html",
        "Introduction",
        [X],
    ),
    "of a drawing in a page is none": (
        "<body><p>x</p><svg><title>y</title></svg>",
        "html",
        "",
        [X],
    ),
    "without an end is none": ("<title>y", "html", "", []),
    "is the leading heading": ("# Release\n\nx", "md", "Release", [X]),
    "is the leading heading with marks": ("<h1>A <b>b</b><br>c</h1><p>x", "html", "A b c", [X]),
    "leaves a link where it is": (
        "<h1>A <a href=/b>b</a></h1>",
        "html",
        "A b",
        content_read("<h1>A <a href=/b>b</a></h1>", "html"),
    ),
    "has no address of a picture": (
        '<h1><img src="/logo.svg"><br>Project</h1>',
        "html",
        "Project",
        content_read('<h1><img src="/logo.svg"><br>Project</h1>', "html"),
    ),
    "is no later heading": (
        "x\n\n# Introduction",
        "md",
        "",
        [X, INTRODUCTION],
    ),
    "is no heading of another level": (
        "## a\n\nx",
        "md",
        "",
        [block("heading", "a", level=2), X],
    ),
    "is no empty heading": ("#\n\nx", "md", "", [block("heading", level=1), X]),
    "of data alone": ("---\ntitle: 'It''s'\n---\nx", "md", "It's", [X]),
    "of data with more": (
        '+++\ntitle = "A \\"b\\""\ndraft = true\n+++\n# Introduction\n\nx',
        "md",
        'A "b"',
        [block("codeBlock", "draft = true", language="toml"), INTRODUCTION, X],
    ),
    "of an export": (
        '{"type": "doc", "attrs": {"title": "T"}, "content": []}',
        "json",
        "T",
        [],
    ),
    "of other attributes": (
        '{"type": "doc", "attrs": {"title": 7}, "content": [{"type": "paragraph"}]}',
        "json",
        "",
        [paragraph()],
    ),
    "of plain text is none": ("# x", "txt", "", [paragraph("# x")]),
}


@pytest.mark.parametrize("case", TITLES)
def test_title(case: str) -> None:
    """What the format declares, else the leading heading, which then does not stand twice."""
    source, kind, title, blocks = TITLES[case]
    found, content = titled(source, kind)
    assert (found, content) == (title, blocks)


def test_title_that_is_given_is_the_title() -> None:
    """A heading that says another one stays."""
    assert titled("# A\n\nx", "md", "B") == ("B", [block("heading", "A", level=1), X])
    assert titled("# A\n\nx", "md", "A") == ("A", [X])
    assert titled("<title>C</title><h1>A</h1>", "html", "A") == ("A", [])


def test_title_that_is_cut_off_leaves_the_heading() -> None:
    """The words after the limit would be lost."""
    blocks = [block("heading", "abc", level=1)]
    assert title_separated(blocks, "", max_chars=3) == ("abc", [])
    assert title_separated(blocks, "", max_chars=2) == ("abc", blocks)


@pytest.mark.parametrize("kind", ["html", "json", "md"])
@pytest.mark.parametrize("content", [EVERYTHING, [], [X], [INTRODUCTION, INTRODUCTION]])
def test_title_of_an_export_is_that_of_its_import(kind: str, content: list[Built]) -> None:
    """And the content is the same as before."""
    title = "Plan: *A* & <B>"
    source = json.dumps({"type": "doc", "content": content})
    state = content_convert(source, "json", title=title).update
    written = content_export(state or b"\x00\x00", kind, title).decode()
    again = content_convert(written, kind)
    assert again.title == title
    assert again.update is None if not content else document_json(again.update or b"")
    second = content_export(again.update or b"\x00\x00", kind, again.title).decode()
    assert second == written


@pytest.mark.parametrize(
    "source",
    [
        "---\n\na\n\n---\n\nb",
        "---\nFoo\n---\nBar\n---\n",
        "---\n",
        "---\na: b",
        "----\na: b\n----",
        "--- a\nb: c\n---",
        "\n---\na: b\n---",
    ],
)
def test_rules_and_headings_are_no_front_matter(source: str) -> None:
    """Front matter begins the text, has a key, and ends."""
    assert front_matter_split(source) == ("", "", "", source)
    assert title_declared(source, "md") == ""


@pytest.mark.parametrize("value", ["|", ">-", "[a]", "{a: b}", "# a"])
def test_title_of_data_that_is_no_text_stays_in_the_data(value: str) -> None:
    """A block, a list or a comment."""
    found = front_matter_split(f"---\ntitle: {value}\n---\nx")
    assert (found.title, found.data) == ("", f"title: {value}")


def test_line_ends_of_other_systems_end_lines_of_data() -> None:
    """As in Markdown."""
    assert front_matter_split("---\r\ntitle: a\r\nb: c\r\n...\r\nx").rest == "x"


def test_heading_with_words_of_several_texts_is_one_title() -> None:
    """Spaces are single."""
    heading = block("heading", "a ", text(" b", "bold"), level=1)
    assert title_separated([heading], "") == ("a b", [])
