"""Tables of the formats: their grid, what each form can hold, and bounds."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.crdt.content.bounds import MAX_TABLE_CELLS, ContentTooLargeError
from apps.crdt.content.html_writer import html_write
from apps.crdt.content.markdown_writer import markdown_write
from apps.crdt.content.plain_text import text_write
from apps.crdt.content.readers import content_read
from apps.crdt.content.schema import fit_to_schema
from tests.crdt.content.trees import Built, block, item, paragraph, table, td, text, th
from tests.crdt.samples import patient

#: The longest time for a hostile table, in seconds of processor time.
MOST_S = 5

spans = st.one_of(st.integers(-1, 5), st.sampled_from([None, 40, "2", 1.5, True]))
cells = st.builds(
    lambda kind, words, wide, high: {
        "type": kind,
        "attrs": {"colspan": wide, "rowspan": high},
        "content": [paragraph(words)],
    },
    st.sampled_from(["tableCell", "tableHeader", "td", "th"]),
    st.sampled_from(["a", "b|c", "d\\", "`e`"]),
    spans,
    spans,
)
tables = st.lists(st.lists(cells, max_size=4), min_size=1, max_size=5)


def places(node: Built) -> list[list[int]]:
    """Lay a table out as the editor does; return the number of its cell for each place."""
    rows: list[Any] = node["content"]
    grid: dict[tuple[int, int], int] = {}
    number = 0
    for y, row in enumerate(rows):
        x = 0
        for cell in row.get("content", ()):
            while (y, x) in grid:
                x += 1
            attributes = cell.get("attrs", {})
            for down in range(attributes.get("rowspan", 1)):
                for right in range(attributes.get("colspan", 1)):
                    assert (y + down, x + right) not in grid, "two cells at one place"
                    grid[y + down, x + right] = number
            number += 1
    width = 1 + max(x for _, x in grid)
    assert max(y for y, _ in grid) < len(rows), "a span below the last row"
    assert len(grid) == width * len(rows), "a hole"
    return [[grid[y, x] for x in range(width)] for y in range(len(rows))]


@patient
@given(tables)
def test_any_rows_become_a_rectangle_that_round_trips(rows: list[list[Built]]) -> None:
    """Without holes and overlaps, whatever spans the cells name; HTML and Markdown read it back."""
    loose = block("table", *({"type": "tableRow", "content": row} for row in rows))
    blocks = fit_to_schema([loose])
    if not any(rows):
        assert blocks == []
        return
    [fitted] = blocks
    places(fitted)
    assert fit_to_schema(blocks) == blocks
    assert content_read(html_write(blocks, title=""), "html") == blocks
    assert content_read(markdown_write(blocks), "md") == blocks


@pytest.mark.parametrize(
    ("made", "written"),
    [
        (
            table([th("a"), th("b", align="right")], ["c|d", td(align="right")]),
            "| a | b |\n| --- | --: |\n| c\\\\|d | |\n",
        ),
        (table(["a"], ["b"]), "| |\n| --- |\n| a |\n| b |\n"),
        (table([th("a"), "b"]), None),
        (table([td("a", colspan=2)], ["b", "c"]), None),
        (table([td(block("bulletList", item("a"))), "b"]), None),
        (table([td(block("codeBlock", "a\n\n\n\nb\n")), "b"]), None),
        (table([td("a", align="left")], [td("b", align="right")]), None),
    ],
)
def test_markdown_has_the_form_of_github_where_it_holds_the_table(
    made: Built, written: str | None
) -> None:
    """Otherwise it is HTML without an empty line, beside other Markdown."""
    blocks = [paragraph("before"), made, paragraph(text("after", "bold"))]
    markdown = markdown_write(blocks)
    own = markdown.removeprefix("before\n\n").removesuffix("\n\n**after**\n")
    assert own.startswith("<table>") if written is None else own + "\n" == written
    assert "\n\n" not in own
    assert content_read(markdown, "md") == blocks


def test_table_within_a_list_and_a_quote_round_trips() -> None:
    """Its lines stand behind the prefixes of the blocks around it."""
    inside = table([th("a")], ["b"])
    blocks = [
        block("bulletList", block("listItem", paragraph("x"), inside)),
        block("blockquote", table([th("a"), "b"], ["c", td("d", rowspan=1)])),
    ]
    for kind, write in (("md", markdown_write), ("html", lambda one: html_write(one, title=""))):
        assert content_read(write(blocks), kind) == fit_to_schema(blocks)


@pytest.mark.parametrize(
    "html",
    [
        "<table>" + "<tr><td>" * (MAX_TABLE_CELLS + 1) + "</table>",
        "<table>" + ("<tr>" + "<td>" * 101) * 100 + "</table>",
        "<table>" + "<td colspan=1000>" * 11 + "</table>",
        "<table>" + "<tr><td>" * 1_000 + "<tr><td colspan=11>" + "</table>",
        "<table>" + "<td>" * 1_000_000 + "</table>",
        "<table><tr>" + "<td rowspan=1000 colspan=1000>a" * 100 + "<tr>" * 1_000 + "</table>",
    ],
    ids=["rows", "cells", "spans", "one wide row", "a million cells", "spans both ways"],
)
def test_import_of_a_table_that_is_too_large_is_refused(html: str) -> None:
    """With the limit's name, soon."""
    began_s = time.process_time()
    with pytest.raises(ContentTooLargeError) as error:
        content_read(html, "html")
    assert error.value.extra["limit"] in ("max_table_cells", "max_nodes")
    assert time.process_time() - began_s < MOST_S


def test_span_of_a_billion_columns_counts_as_far_as_the_table_goes() -> None:
    """In an import and in a document; nobody lays it out."""
    html = "<table><tr><td colspan=999999999 rowspan=999999999>a</table>"
    [read] = content_read(html, "html")
    assert read == table([td("a", colspan=1_000)])
    hostile = table([td("a", colspan=10**9, rowspan=-1, colwidth=[10**9], align="up")])
    assert fit_to_schema([hostile]) == [table([td("a", colspan=1_000)])]


def test_document_with_a_table_that_is_too_large_is_exported_as_lines() -> None:
    """Its text is not lost, and the export does not fail."""
    row: list[Built | str] = ["a", "b"]
    large = table(*[row] * (MAX_TABLE_CELLS // 2 + 1))
    lines = text_write([large]).splitlines()
    assert lines == ["a | b"] * (MAX_TABLE_CELLS // 2 + 1)
    assert "<table" not in html_write([large], title="")
