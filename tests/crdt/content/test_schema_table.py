"""The schema table: each entry in every format, diff, authors, restore and search text (ADR 0019).

The page's side is ``tests/editor/test_schema.py``.
"""

from typing import Any, Final

import pycrdt
import pytest

from apps.crdt.analysis.attribution import attributed_texts
from apps.crdt.analysis.diff import content_changes_list
from apps.crdt.codec.update_reader import read_update
from apps.crdt.content.html_writer import html_write
from apps.crdt.content.json_reader import json_read
from apps.crdt.content.markdown_writer import markdown_write
from apps.crdt.content.plain_text import text_write
from apps.crdt.content.prosemirror import content_update, document_json, insertion_update
from apps.crdt.content.readers import content_read
from apps.crdt.content.schema import fit_to_schema
from apps.crdt.content.schema_table import (
    MARKS,
    NODES,
    SCHEMA_VERSION,
    SCHEMA_VERSIONS,
    Entry,
    SchemaVersions,
    is_of_type,
)
from apps.crdt.content.writers import WRITTEN_FORMATS
from apps.crdt.edits.restore import restoring_update
from apps.crdt.engine.base import get_engine
from apps.crdt.engine.structure_guard import StructureGuard
from apps.crdt.engine.text import document_opening, document_text
from tests.crdt.content.trees import (
    BREAK,
    Built,
    block,
    item,
    paragraph,
    table,
    task,
    td,
    text,
    th,
    unfolding,
)
from tests.crdt.content.trees import MARKS as MARK_SAMPLES

#: A block with each node of the table, by its name. Its words are "some words" unless it has none.
NODE_SAMPLES: Final[dict[str, Built]] = {
    "text": paragraph("some words"),
    "paragraph": paragraph("some words"),
    "heading": block("heading", "some words", level=2),
    "bulletList": block("bulletList", item("some words")),
    "orderedList": block("orderedList", item("some words"), start=3, type="a"),
    "listItem": block("bulletList", item("some words")),
    "taskList": block("taskList", task("some words", checked=True)),
    "taskItem": block("taskList", task("some words", checked=False)),
    "blockquote": block("blockquote", paragraph("some words")),
    "codeBlock": block("codeBlock", "some words", language="python"),
    "hardBreak": paragraph("some words", BREAK, "below"),
    "horizontalRule": block("horizontalRule"),
    "table": table([th("head", align="right")], [td("some words", align="right")]),
    "tableRow": table(["some words", td(paragraph("two"), paragraph("blocks"))]),
    "tableCell": table([td("some words", colspan=2, colwidth=[100, 0])], ["a", "b"]),
    "tableHeader": table([th("some words", rowspan=2), "a"], ["b"]),
    "callout": block("callout", paragraph("some words"), kind="warning"),
    "details": unfolding("some words", paragraph("below")),
    "detailsSummary": unfolding("some words", paragraph("below")),
    "detailsContent": unfolding("above", paragraph("some words")),
    "mention": paragraph("by ", block("mention", kind="person", id="7", label="some words")),
    "image": block("image", attachment="5" * 64, alt="a view", caption="some words"),
    "file": block("file", attachment="6" * 64, name="some words"),
}
#: Nodes whose words are attributes, which have no author of their own.
NO_TEXT: Final = {"horizontalRule", "image", "file", "mention"}
#: What an attribute gets in place of its type.
WRONG: Final = (None, True, 7, -1, 1e300, 1.5, "evil", "javascript:alert(1)", [1e9], {"a": 1})
NODE_ENTRIES = [(name, entry) for name, entry in NODES.items() if name != "doc"]


def marked(words: str, mark: dict[str, Any]) -> Built:
    """Return a text with a mark."""
    return {"type": "text", "text": words, "marks": [mark]}


def sample_of(name: str) -> Built:
    """Return a block with a node or mark; fails with its name where there is none."""
    if name in MARKS:
        assert name in MARK_SAMPLES, f"{name} has no sample here"
        return paragraph(marked("some words", MARK_SAMPLES[name]))
    assert name in NODE_SAMPLES, f"{name} has no sample here"
    return NODE_SAMPLES[name]


def names_in(blocks: list[Any]) -> set[str]:
    """Return the names of the nodes and marks in blocks."""
    found = set()
    for node in blocks:
        found |= {node["type"], *(mark["type"] for mark in node.get("marks", ()))}
        found |= names_in(node.get("content", []))
    return found


def state_of(*blocks: Built) -> bytes:
    """Return the state of a document with these blocks."""
    return content_update(blocks)[0]


ALL = [*(name for name, _ in NODE_ENTRIES), *MARKS]


@pytest.mark.parametrize("name", ALL)
def test_entry_is_in_every_format(name: str) -> None:
    """HTML and Markdown read it back, JSON unchanged, plain text has its words."""
    sample = fit_to_schema([sample_of(name)])
    assert name in names_in(sample), f"{name}: the schema of the formats lacks it"
    state = state_of(*sample)
    for kind, written in (
        ("html", html_write(sample, title="")),
        ("md", markdown_write(sample)),
    ):
        read = content_read(written, kind)
        assert name in names_in(read), f"{name}: {kind} loses it"
        assert text_write(read) == text_write(sample), f"{name}: {kind} changes its text"
    exported = WRITTEN_FORMATS["json"].write(state, "").decode()
    assert json_read(exported) == sample, f"{name}: JSON changes it"
    assert name == "horizontalRule" or "some words" in text_write(sample)


@pytest.mark.parametrize("name", ALL)
def test_entry_is_in_diff_authors_restore_search_and_gate(name: str) -> None:
    """Each of these sees it, with its attributes."""
    sample = fit_to_schema([sample_of(name)])
    before = state_of(paragraph("before"))
    update = insertion_update(before, sample)
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(before)
    doc.apply_update(update)
    present = doc.get_update()
    changes = content_changes_list(earlier=before, later=present)
    inserted = [change for change in changes if change.kind == "insert"]
    tags = {change.tag for change in inserted} | {mark for one in inserted for mark in one.marks}
    assert name == "text" or name in tags, f"{name}: the diff lacks it"
    words = "".join(texts := attributed_texts(present, lambda _: ([2**31], [0]))[0])
    assert name in NO_TEXT or "some words" in words, f"{name}: no author of its words"
    assert len(texts) >= 1
    assert name == "horizontalRule" or "some words" in document_text(doc), f"{name}: no search text"
    assert "before" in document_opening(doc, max_chars=100)
    doc.apply_update(restoring_update(earlier=before, present=present) or b"\0\0")
    assert document_json(doc.get_update()) == document_json(before), f"{name}: restore leaves it"
    doc.apply_update(restoring_update(earlier=present, present=doc.get_update()) or b"\0\0")
    assert document_json(doc.get_update()) == document_json(present), f"{name}: restore loses it"
    engine = get_engine("pycrdt").new_document()
    engine.apply(before)
    StructureGuard().check(read_update(update), update, engine)


@pytest.mark.parametrize(("name", "entry"), NODE_ENTRIES)
@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_attribute_of_another_type_gets_into_no_format(
    name: str, entry: Entry, value: object
) -> None:
    """It is made one of its type, or left out; what the table lacks is left out."""
    for key in (*entry.attributes, "onclick"):
        sample = with_attribute(sample_of(name), name, key, value)
        for node in nodes_of(fit_to_schema([sample]), name):
            for own, found in node.get("attrs", {}).items():
                type_ = NODES[name].attributes[own]
                assert is_of_type(type_, found), f"{name}.{own} is {found!r}"
        html_write([sample], title="")
        markdown_write([sample])


def with_attribute(node: Built, name: str, key: str, value: object) -> Built:
    """Return a node in which all nodes of a name have an attribute."""
    made = dict(node)
    if made["type"] == name and made["type"] != "text":
        made["attrs"] = {**made.get("attrs", {}), key: value}
    if "content" in made:
        made["content"] = [with_attribute(one, name, key, value) for one in made["content"]]
    return made


def nodes_of(blocks: list[Any], name: str) -> list[Any]:
    """Return all nodes of a name."""
    found = [node for node in blocks if node["type"] == name]
    return found + [one for node in blocks for one in nodes_of(node.get("content", []), name)]


def test_unknown_nodes_marks_and_attributes_survive_json_and_yjs() -> None:
    """As a foreign client wrote them; other formats have their text."""
    blocks = [
        {
            "type": "drawing",
            "attrs": {"points": [1, 2], "by": "ada"},
            "content": [paragraph(marked("circle", {"type": "glow", "attrs": {"hue": 3}}))],
        },
        {"type": "paragraph", "attrs": {"textAlign": "right"}, "content": [text("words")]},
    ]
    state = state_of(*blocks)
    assert document_json(state)["content"] == blocks
    assert b'"textAlign": "right"' in WRITTEN_FORMATS["json"].write(state, "")
    assert WRITTEN_FORMATS["yjs"].write(state, "") == state
    for kind in ("html", "md", "txt"):
        written = WRITTEN_FORMATS[kind].write(state, "")
        assert b"circle" in written
        assert b"words" in written


def test_versions_are_found_in_updates_and_states() -> None:
    """By the names of elements and marks, whatever else the bytes have."""
    versions = SchemaVersions(
        {"paragraph": Entry(), "drawing": Entry(since=2), "chart": Entry(since=3)},
        {"glow": Entry(since=2)},
    )
    assert versions.needed_by(state_of(paragraph("a drawing, a chart, glow"))) == 1
    drawing = {"type": "drawing", "content": [paragraph("circle")]}
    assert versions.needed_by(state_of(paragraph("before"), drawing)) == 2
    assert versions.needed_by(state_of(block("blockquote", drawing, {"type": "chart"}))) == 3
    assert versions.needed_by(state_of(paragraph(marked("a", {"type": "glow"})))) == 2
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state_of(drawing))
    assert versions.needed_by(doc.get_update()) == 2


def test_newest_entry_has_the_present_version() -> None:
    """The version grows with the table, and not without it."""
    entries = [*NODES.values(), *MARKS.values()]
    assert max(entry.since for entry in entries) == SCHEMA_VERSION
    newest = [name for name in ALL if {**NODES, **MARKS}[name].since == SCHEMA_VERSION]
    assert SCHEMA_VERSIONS.needed_by(state_of(sample_of(newest[0]))) == SCHEMA_VERSION
