"""Reads and writes plain text: a line for each line of the document, with list markers."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from apps.crdt.content.attached import ATTACHED, attached_words
from apps.crdt.content.bounds import lines_check
from apps.crdt.content.callouts import CALLOUT
from apps.crdt.content.names import DETAILS, DETAILS_CONTENT
from apps.crdt.content.prosemirror import Node
from apps.crdt.content.schema import fit_to_schema
from apps.crdt.content.scripts import scripts_as_text
from apps.crdt.content.tables import CELLS_APART, table_rows
from apps.crdt.content.words import Leaves, words_of

_LINE_ENDS = re.compile(r"\r\n?")


def text_read(text: str) -> list[dict[str, Any]]:
    """Return a paragraph for each line. Raises ``ContentTooLargeError``."""
    lines_check(text)
    lines = _LINE_ENDS.sub("\n", text).removesuffix("\n").split("\n") if text else []
    return fit_to_schema(
        {"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in lines
    )


def text_write(nodes: Iterable[Node]) -> str:
    """Return the lines of a document, each ended by a newline."""
    return "".join(f"{line}\n" for block in fit_to_schema(nodes) for line in _lines(block))


def _lines(block: Node) -> Iterator[str]:
    kind = block["type"]
    if kind == "horizontalRule":
        yield "---"
    elif kind in ATTACHED:
        yield attached_words(block)
    elif kind in ("bulletList", "orderedList", "taskList"):
        number = block.get("attrs", {}).get("start", 1)
        for index, item in enumerate(block["content"]):
            yield from _item_lines(item, _marker(kind, item, number + index))
    elif kind == "table":
        for row in table_rows(block["content"]):
            yield CELLS_APART.join(map(_cell, row["content"]))
    elif kind in ("blockquote", CALLOUT, DETAILS, DETAILS_CONTENT):
        for inside in block["content"]:
            yield from _lines(inside)
    else:
        yield from _text(block).split("\n")


def _cell(cell: Node) -> str:
    return words_of(cell).replace("\n", " ")


def _marker(kind: str, item: Node, number: int) -> str:
    if kind == "taskList":
        return "[x] " if item["attrs"]["checked"] else "[ ] "
    return f"{number}. " if kind == "orderedList" else "- "


def _item_lines(item: Node, marker: str) -> Iterator[str]:
    """Yield the lines of an item: the first after its marker, the others indented below it."""
    lines = [line for block in item["content"] for line in _lines(block)]
    yield marker + lines[0]
    for line in lines[1:]:
        yield " " * len(marker) + line if line else ""


def _text(block: Node) -> str:
    return "".join(
        "\n" if node["type"] == "hardBreak" else node["text"]
        for node in scripts_as_text(Leaves(block.get("content", ())))
        if node
    )
