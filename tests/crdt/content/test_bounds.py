"""Bounds of what a text to import may become, from the side of a hostile author.

The peak of memory is measured by ``tracemalloc`` in units of the input, so that the result is the
same on every machine: work that grows with the square of the input fails at these lengths.
"""

import json
import time
import tracemalloc

import pytest

from apps.crdt.content import markdown_reader
from apps.crdt.content.bounds import (
    MAX_LINES,
    MAX_LINK_CHARS,
    MAX_NODES,
    MAX_TOKENS,
    MAX_UPDATE_BYTES,
    ContentTooLargeError,
    OpenMarks,
)
from apps.crdt.content.html_writer import html_write
from apps.crdt.content.parser_bomb_guard import NestedTooDeepError
from apps.crdt.content.prosemirror import content_update, document_json
from apps.crdt.content.readers import content_read

_MIB = 1024 * 1024


def peak_bytes(text: str, kind: str) -> int:
    """Return the peak of memory while a text is read."""
    tracemalloc.start()
    try:
        content_read(text, kind)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def starred(count: int) -> str:
    """Return a letter inside ``count`` open marks."""
    return "**" * count + "a" + "**" * count


@pytest.mark.parametrize("kind", ["md", "html"])
def test_memory_of_open_marks_grows_with_the_text(kind: str) -> None:
    """Each text had a list of all open marks: twice the text was four times the memory."""
    texts = {
        "md": [starred(count) for count in (1_500, 3_000)],
        "html": ["<b>" * count + "a<br>" * count for count in (1_500, 3_000)],
    }
    smaller, larger = (peak_bytes(text, kind) for text in texts[kind])
    assert larger < 2.6 * smaller
    assert larger < 1_500 * len(texts[kind][1])


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("~~a" * 10_001, "max_tokens"),
        ("*a" * 10_001, "max_tokens"),
        ("*a_ " * 10_001, "max_tokens"),
        ("`a " * 10_001, "max_tokens"),
        ("\\a" * 10_001, "max_tokens"),
        ("&amp;" * 10_001, "max_tokens"),
        ("|a" * 2000 + "|\n" + "|-" * 2000 + "|\n" + ("|a" * 2000 + "|\n") * 2, "max_tokens"),
        ("|a" * 2000 + "|\n" + "|-" * 2000 + "|\n" + "|\n" * 10, "max_tokens"),
        ("- a\n" * 10_001, "max_tokens"),
        ("- a\n" * (_MIB // 4), "max_lines"),
        ("# a\n" * (_MIB // 4), "max_lines"),
        ("\n" * _MIB, "max_lines"),
        ("\r" * _MIB, "max_lines"),
    ],
    ids=lambda value: repr(value[:8]),
)
def test_markdown_of_too_many_parts_is_refused(
    text: str, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A megabyte of it took 5 to 40 s and up to a gigabyte; the error says what to do."""
    monkeypatch.setattr(markdown_reader, "MAX_TOKENS", 10_000)
    with pytest.raises(ContentTooLargeError) as refused:
        content_read(text, "md")
    assert refused.value.code == "content_too_large"
    assert refused.value.extra["limit"] == limit
    assert "Split it" in refused.value.message


@pytest.mark.parametrize(
    "text", ["<p>a" * (_MIB // 4), "<ul>" + "<li>a" * (_MIB // 5), "a<br>" * (_MIB // 5)]
)
def test_html_of_too_many_nodes_is_refused(text: str) -> None:
    """Blocks, items, and lines."""
    with pytest.raises(ContentTooLargeError) as refused:
        content_read(text, "html")
    assert refused.value.extra == {"limit": "max_nodes", "value": MAX_NODES}


def test_table_of_html_counts_its_cells() -> None:
    """Empty cells make no text."""
    with pytest.raises(ContentTooLargeError):
        content_read("<table><tr>" + "<td>" * (MAX_NODES + 1), "html")


@pytest.mark.parametrize(
    "node", [{"type": "text", "text": "a"}, {"type": "text", "text": "a", "marks": [{"type": "b"}]}]
)
def test_json_of_too_many_nodes_or_marks_is_refused(node: dict[str, object]) -> None:
    """Marks count as nodes do."""
    nodes = [node] * (MAX_NODES if "marks" not in node else MAX_NODES // 2)
    with pytest.raises(ContentTooLargeError):
        content_read(json.dumps({"type": "doc", "content": [*nodes, node]}), "json")


def test_text_of_too_many_lines_is_refused() -> None:
    """Each line is a block."""
    with pytest.raises(ContentTooLargeError) as refused:
        content_read("\r\n" * (MAX_LINES + 1), "txt")
    assert refused.value.extra == {"limit": "max_lines", "value": MAX_LINES}
    assert len(content_read("a\r\n" * MAX_LINES, "txt")) == MAX_LINES


def test_megabyte_of_honest_prose_is_read() -> None:
    """No limit is in the way of a long text as people write it."""
    section = (
        "## Heading\n\nA paragraph of *honest* text with **bold**, a [link](https://example.org/a)"
        " and `code`, as people write it.\n\n- item one\n- item two\n\n"
    )
    assert content_read(section * (_MIB // len(section)), "md")
    assert MAX_TOKENS > 300_000


@pytest.mark.parametrize("scheme", ["http", "ftp"])
@pytest.mark.parametrize("kind", ["md", "md with HTML", "html"])
def test_address_that_texts_repeat_is_bounded_as_an_edit(kind: str, scheme: str) -> None:
    """A quarter of a megabyte became an edit of 300 MiB."""
    address = f"{scheme}://" + "h" * (MAX_LINK_CHARS - 7)
    text = {
        "md": f"[x]: {address}\n\n" + "[x] a " * 3_000,
        "md with HTML": f"<hr>\n\n[x]: {address}\n\n" + "[x] a " * 3_000,
        "html": f"<a href={address}>" + "<p>a<br>b" * 3_000,
    }[kind]
    with pytest.raises(ContentTooLargeError) as refused:
        content_read(text, kind.partition(" ")[0])
    assert refused.value.extra == {"limit": "max_update_bytes", "value": MAX_UPDATE_BYTES}


@pytest.mark.parametrize("kind", ["md", "html"])
def test_address_that_is_too_long_for_a_link_is_text(kind: str) -> None:
    """Each text under it would be compared with it."""
    for length, marks in ((MAX_LINK_CHARS, ["link"]), (MAX_LINK_CHARS + 1, [])):
        address = "http://".ljust(length, "h")
        text = f"[a]({address})" if kind == "md" else f'<a href="{address}">a</a>'
        line = content_read(text, kind)[0]["content"][0]
        assert [mark["type"] for mark in line.get("marks", ())] == marks
        assert line["text"] == ("a" if marks else f"a ({address})")


def test_link_around_many_texts_is_written_once_in_html() -> None:
    """Its address was repeated for each text: 0.7 MB became 160 MB."""
    address = "http://" + "h" * 8_000
    html = f'<a href="{address}">' + "<b>a</b>b" * 50 + "</a>"
    state, _ = content_update(content_read(html, "html"))
    written = html_write(document_json(state)["content"], title="")
    assert written.count(address) == 1
    assert content_read(written, "html") == content_read(html, "html")


def test_open_marks_are_one_of_each_kind_and_the_outermost_link() -> None:
    """However many are open."""
    marks = OpenMarks()
    outer, inner = ({"type": "link", "attrs": {"href": name}} for name in "ab")
    for mark in (outer, {"type": "bold"}, inner, {"type": "bold"}):
        marks.push(mark)
    assert marks.marks() == [outer, {"type": "bold"}]
    marks.pop()
    marks.pop()
    assert marks.marks({"type": "code"}) == [outer, {"type": "bold"}, {"type": "code"}]
    marks.pop()
    marks.pop()
    assert marks.marks() == []


def test_item_with_many_empty_headings_is_one_paragraph() -> None:
    """Deleted one by one, each moved all others."""
    (block,) = content_read("<ul><li>" + "<h1></h1>" * 20_000, "html")
    assert block["content"] == [{"type": "listItem", "content": [{"type": "paragraph"}]}]


#: Units of texts that nest, repeat, or do not end.
HOSTILE: dict[str, list[str]] = {
    "md": [
        *("> ", "- ", "1. ", "<b>", "<!--", "a <!--", "<a ", "<div>", "<p>", "http://", "www."),
        *("http://a.b", "a@", "a@a.b ", "a", "~a", "---\na: b\n", "x <b>y</b> ", "a:", "![]("),
        *("[](b)", "<script>", "<div>\n<script>", "<T>", "a <svg>", "<?", "|<td>", "[a]: b\n"),
        "<details>\n\n",
    ],
    "html": [
        *("<iframe>", "<title>", "<td colspan=1000>", "<td rowspan=1000 colspan=1000>", "<ul>"),
        *("<table><tr><td>", "<table><tr><td rowspan=9>a", "<sup>", "<sup>a", "<video src=a>"),
        *("<a href=ftp:a>a<br>", "<a href=a></a>", "<svg><text>", "<math><mn>", "<q>", "a:"),
        *("<span style=font-weight:700>a", "<h1><p>a", "<pre><p>a", "<input value=a>"),
        *("<ol reversed><li>", "<b style=a>", "<p style=mso-list:level9>a"),
    ],
    "txt": ["\x0b", "a\x0b", "\x85\r"],
}


@pytest.mark.parametrize(
    ("kind", "unit"), [(kind, unit) for kind, units in HOSTILE.items() for unit in units]
)
def test_cost_is_linear_in_the_text(kind: str, unit: str) -> None:
    """Four times the text costs four times the memory and time, or it is refused.

    The time is that of the process, of the smaller of two runs, so a busy machine changes little.
    """

    def cost(size: int) -> tuple[float, int]:
        text = unit * (size // len(unit))
        started = time.process_time()
        try:
            blocks = content_read(text, kind)
            update, _ = content_update(blocks)
        except (ContentTooLargeError, NestedTooDeepError):
            update = b""
        return time.process_time() - started, len(update)

    small, large = cost(10_000), cost(40_000)
    assert large[0] < 12 * small[0] + 1
    assert large[1] < 5 * small[1] + 1_000 if small[1] and large[1] else True
