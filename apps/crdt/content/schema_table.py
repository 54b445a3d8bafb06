"""The schema table: every node and mark of a document, its attributes, and its schema version.

The page has the same table (``static/js/editor/schema_table.js``). The tests of
``tests/crdt/content/test_schema_table.py`` run over its entries: a new one fails them by its name
until the editor, each format, diff, authors, restore and search text have it
(docs/adr/0019-schema-version.md).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from apps.crdt.codec.lib0 import encode_var_uint

#: The newest version of the schema. It grows with each release that adds nodes or marks.
SCHEMA_VERSION: Final = 3

#: Most entries of a list of integers.
_MAX_INTEGERS: Final = 1_000
#: Begins an element in an encoded update: the reference of its type (Yjs, ``YXmlElementRefID``).
_ELEMENT: Final = b"\x03"
_OR_NULL: Final = " or null"


@dataclass(frozen=True, slots=True)
class Entry:
    """A node or mark: the schema version that has it first, and its attributes with their types.

    A type is ``boolean``, ``text``, ``integer 1..3``, ``integers 1..9`` (a list of them), or
    ``one of a b``; with `` or null`` where the attribute may have no value.
    """

    since: int = 1
    attributes: Mapping[str, str] = field(default_factory=dict)


#: How the lines of a paragraph or heading stand.
_ALIGNED: Final = {"textAlign": "one of left center right justify or null"}
_CELL: Final = {
    "colspan": "integer 1..1000",
    "rowspan": "integer 1..1000",
    "colwidth": "integers 0..2000 or null",
    "align": "one of left center right or null",
}

NODES: Final[Mapping[str, Entry]] = {
    "doc": Entry(),
    "text": Entry(),
    "paragraph": Entry(attributes=_ALIGNED),
    "heading": Entry(attributes={"level": "integer 1..6"} | _ALIGNED),
    "bulletList": Entry(),
    "orderedList": Entry(
        attributes={"start": "integer 0..999999999", "type": "one of 1 a A i I or null"}
    ),
    "listItem": Entry(),
    "taskList": Entry(),
    "taskItem": Entry(attributes={"checked": "boolean"}),
    "blockquote": Entry(),
    "codeBlock": Entry(attributes={"language": "text or null"}),
    "hardBreak": Entry(),
    "horizontalRule": Entry(),
    "table": Entry(since=2),
    "tableRow": Entry(since=2),
    "tableCell": Entry(since=2, attributes=_CELL),
    "tableHeader": Entry(since=2, attributes=_CELL),
    "image": Entry(
        since=2,
        attributes={
            "attachment": "text or null",
            "alt": "text or null",
            "width": "integer 1..10000 or null",
            "caption": "text or null",
        },
    ),
    "callout": Entry(since=3, attributes={"kind": "one of info tip warning danger"}),
    "details": Entry(since=3),
    "detailsSummary": Entry(since=3),
    "detailsContent": Entry(since=3),
    "mention": Entry(
        since=3,
        attributes={
            "kind": "one of person document",
            "id": "text or null",
            "label": "text or null",
        },
    ),
    "file": Entry(since=2, attributes={"attachment": "text or null", "name": "text or null"}),
}
MARKS: Final[Mapping[str, Entry]] = {
    "bold": Entry(),
    "italic": Entry(),
    "underline": Entry(),
    "strike": Entry(),
    "code": Entry(),
    "link": Entry(
        attributes=dict.fromkeys(("href", "target", "rel", "class", "title"), "text or null")
    ),
    "highlight": Entry(
        since=3, attributes={"color": "one of green blue purple red orange or null"}
    ),
    "subscript": Entry(since=3),
    "superscript": Entry(since=3),
}


def is_of_type(type_: str, value: object) -> bool:
    """Return whether the value of an attribute is of a type of the table."""
    if type_.endswith(_OR_NULL):
        return value is None or is_of_type(type_.removesuffix(_OR_NULL), value)
    kind, _, words = type_.partition(" ")
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "text":
        return isinstance(value, str)
    if kind == "one":
        return isinstance(value, str) and value in words.split()[1:]
    least, most = map(int, words.split(".."))
    if kind == "integer":
        return _is_within(value, least, most)
    is_list = isinstance(value, list) and len(value) <= _MAX_INTEGERS
    return is_list and all(_is_within(entry, least, most) for entry in value)  # type: ignore[attr-defined]


def _is_within(value: object, least: int, most: int) -> bool:
    is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
    return is_whole and least <= value <= most  # type: ignore[operator]


class SchemaVersions:
    """Finds the schema version that an encoded update or state needs."""

    def __init__(self, nodes: Mapping[str, Entry], marks: Mapping[str, Entry]) -> None:
        self._versions: dict[bytes, int] = {}
        for entries, start in ((nodes, _ELEMENT), (marks, b"")):
            for name, entry in entries.items():
                if entry.since > 1:
                    key = start + encode_var_uint(len(name)) + name.encode("ascii")
                    self._versions[key] = entry.since
        self._newest = max(self._versions.values(), default=1)
        self._pattern = re.compile(b"|".join(map(re.escape, self._versions)))

    def needed_by(self, update: bytes) -> int:
        """Return the newest schema version of the nodes and marks in an update, at least 1.

        Names are found in the bytes, without reading structs: those of deleted nodes count too, as
        long as the bytes have them, because an undo may bring them back. Text that has such bytes
        by chance, or by intent, makes older pages read-only and does nothing else.
        """
        needed = 1
        if not self._versions:
            return needed
        for match in self._pattern.finditer(update):
            needed = max(needed, self._versions[match[0]])
            if needed == self._newest:
                break
        return needed


SCHEMA_VERSIONS: Final = SchemaVersions(NODES, MARKS)
