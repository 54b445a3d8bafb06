"""The examples of CommonMark and GitHub Flavored Markdown, against a list of known differences.

Markdown and the HTML that the specification gives for it are read as the same blocks.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from apps.crdt.content.readers import content_read
from tests.crdt.content.trees import Built

_FOLDER = Path(__file__).parent / "commonmark"

#: Differences, with the examples of each specification that have it. It may only shrink.
KNOWN: dict[str, dict[str, set[int]]] = {
    # What would be lost is shown: HTML has no such tag, or it does not end.
    "text as it is written": {
        "commonmark-0.31.2": {
            *(150, 156, 157, 158, 163, 173, 180, 182, 201, 491, 524, 536),
            *(613, 614, 615, 616, 617, 623, 627, 628, 629),
        },
        "gfm-0.29": set(),
    },
    # CommonMark has no bare addresses, and the other way round in brackets.
    "bare addresses are links": {
        "commonmark-0.31.2": {602, 608, 611, 612},
        "gfm-0.29": {610, 616, 619},
    },
    # A definition that no link uses is shown at the end.
    "unused definitions": {
        "commonmark-0.31.2": {
            *(204, 207, 208, 210, 317, 537, 538, 544, 545, 563, 565, 567, 571, 592),
        },
        "gfm-0.29": {546},
    },
    # A cell beyond those of the head is kept.
    "cells without a head": {"commonmark-0.31.2": set(), "gfm-0.29": {204}},
    # CommonMark 0.31.2 has other comments than 0.29.
    "comments": {"commonmark-0.31.2": set(), "gfm-0.29": {645, 646}},
}


@cache
def examples(name: str) -> list[tuple[int, str, str, str]]:
    """Return the rows of a specification: number, section, Markdown, HTML."""
    rows: list[tuple[int, str, str, str]] = json.loads((_FOLDER / f"{name}.json").read_text())
    return rows


def shown(nodes: list[Built]) -> list[Any]:
    """Return nodes as a browser shows them: outside of code, spaces are one, and none at edges."""
    found: list[Any] = []
    for node in nodes:
        content = node.get("content", [])
        if node["type"] in ("paragraph", "heading"):
            line = "".join(
                json.dumps(child) if "text" not in child else _text(child) for child in content
            )
            found.append([node["type"], node.get("attrs"), re.sub(r"\s+", " ", line).strip()])
        elif node["type"] == "codeBlock":
            found.append(node)
        else:
            found.append([node["type"], node.get("attrs"), shown(content)])
    return [one for one in found if one != ["paragraph", None, ""]]


def _text(node: Built) -> str:
    """Return a text with its marks around its words, and without spaces at the edges of code."""
    marks = "".join(f"<{json.dumps(mark)}>" for mark in node.get("marks", ()))
    words: str = node["text"]
    if not words.strip():
        return " "
    before, after = (" " * (words != words.lstrip()), " " * (words != words.rstrip()))
    return f"{before}{marks}{words.strip()}{'</>' if marks else ''}{after}"


@pytest.mark.parametrize(("name", "count"), [("commonmark-0.31.2", 652), ("gfm-0.29", 44)])
def test_examples_are_read_as_the_specification_says(name: str, count: int) -> None:
    """Except the known differences, each of which is still one."""
    rows = examples(name)
    assert len(rows) == count
    different = {
        number
        for number, _, markdown, html in rows
        if shown(content_read(markdown, "md")) != shown(content_read(html, "html"))
    }
    assert different == set().union(*(numbers[name] for numbers in KNOWN.values()))
