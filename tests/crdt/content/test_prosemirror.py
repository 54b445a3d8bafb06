"""Conversion between ProseMirror's JSON and Yjs documents."""

import re
import time
from typing import Any

import pycrdt
import pytest
from hypothesis import given, settings

from apps.crdt.codec.update_reader import read_update
from apps.crdt.content.conversion import content_export
from apps.crdt.content.prosemirror import content_update, document_json, insertion_update
from apps.crdt.content.schema import MAX_DEPTH
from tests.crdt.content.trees import (
    EVERYTHING,
    Built,
    block,
    documents,
    item,
    nasty_words,
    paragraph,
)
from tests.crdt.samples import load, patient, unpack


def test_content_update_has_the_tree_of_y_prosemirror() -> None:
    """Elements have typed attributes; adjacent texts are one text with formats."""
    update, vector = content_update(
        [
            {
                "type": "heading",
                "attrs": {"level": 1},
                "content": [
                    {"type": "text", "text": "Hé😀"},
                    {
                        "type": "text",
                        "text": " link",
                        "marks": [{"type": "link", "attrs": {"href": "/a"}}, {"type": "bold"}],
                    },
                    {"type": "hardBreak"},
                    {"type": "text", "text": "plain"},
                ],
            },
            {"type": "taskList", "content": [{"type": "taskItem", "attrs": {"checked": True}}]},
        ]
    )
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(update)
    heading, tasks = doc.get("default", type=pycrdt.XmlFragment).children
    first, line_break, second = heading.children
    assert dict(heading.attributes) == {"level": 1}
    assert first.diff() == [("Hé😀", None), (" link", {"link": {"href": "/a"}, "bold": {}})]
    assert line_break.tag == "hardBreak"
    assert second.diff() == [("plain", None)]
    assert dict(tasks.children[0].attributes) == {"checked": True}
    assert doc.get_state() == vector
    read_update(update)


def test_content_update_of_nothing_is_an_empty_document() -> None:
    """Without blocks there is no update to log."""
    update, vector = content_update([])
    assert (update, vector) == (b"\x00\x00", b"\x00")


@pytest.mark.parametrize("name", ["written", "edited"])
def test_document_json_equals_that_of_y_prosemirror(name: str) -> None:
    """The same nodes, marks and attributes as y-prosemirror, with a mark that overlaps itself."""
    golden = load("prosemirror")[name]
    assert document_json(unpack(golden["state"])) == golden["json"]


def test_content_update_reads_as_that_of_y_prosemirror() -> None:
    """The one as the other."""
    wanted = load("prosemirror")["page"]["json"]
    update, _ = content_update(wanted["content"])
    assert document_json(update) == wanted
    assert document_json(unpack(load("prosemirror")["page"]["state"])) == wanted


@settings(patient, max_examples=50)
@given(documents(nasty_words))
def test_any_content_round_trips(blocks: list[Built]) -> None:
    """From JSON to Yjs, and back."""
    update, vector = content_update(blocks)
    read_update(update)
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(update)
    assert doc.get_state() == vector
    again = document_json(update)
    assert again == {"type": "doc", "content": _in_one(blocks)}
    assert document_json(doc.get_update()) == again


def _in_one(nodes: list[Built]) -> list[Built]:
    """Return nodes with adjacent texts of equal marks joined, as in Yjs."""
    joined: list[Built] = []
    for node in nodes:
        before = joined[-1] if joined else {}
        if "text" in node and "text" in before and node.get("marks") == before.get("marks"):
            joined[-1] = before | {"text": before["text"] + node["text"]}
        elif "content" in node:
            joined.append(node | {"content": _in_one(node["content"])})
        else:
            joined.append(node)
    return [_sorted(node) for node in joined]


def _sorted(node: Built) -> Built:
    """Return a node with its marks sorted by name, because Yjs does not order them."""
    if "marks" not in node:
        return node
    return node | {"marks": sorted(node["marks"], key=lambda mark: str(mark["type"]))}


def test_integers_stay_integers() -> None:
    """JavaScript has one number type, so JSON must have 1, not 1.0."""
    found = document_json(content_update([block("heading", "a", level=2)])[0])
    assert str(found["content"][0]["attrs"]) == "{'level': 2}"
    big = block("orderedList", start=-(2**40))
    assert document_json(content_update([big])[0])["content"] == [big]


@pytest.mark.parametrize("at_start", [True, False])
def test_insertion_adds_blocks_beside_the_content(*, at_start: bool) -> None:
    """It needs only its position of the other client."""
    state, _ = content_update([paragraph("old"), paragraph("older")])
    update = insertion_update(state, EVERYTHING, at_start=at_start)
    assert read_update(update).needs
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state)
    doc.apply_update(update)
    content = document_json(doc.get_update())["content"]
    old = [paragraph("old"), paragraph("older")]
    new = _in_one(EVERYTHING)
    assert content == (new + old if at_start else old + new)


def test_insertion_into_an_empty_document_is_its_content() -> None:
    """There is no neighbour."""
    update = insertion_update(b"\x00\x00", [paragraph("a")])
    assert document_json(update)["content"] == [paragraph("a")]
    assert not read_update(update).needs


def test_insertion_beside_deleted_content_finds_its_position() -> None:
    """A deleted neighbour still has its id."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(content_update([paragraph("old"), paragraph("older")])[0])
    del doc.get("default", type=pycrdt.XmlFragment).children[0:2]
    for at_start in (True, False):
        update = insertion_update(doc.get_update(), [paragraph(str(at_start))], at_start=at_start)
        doc.apply_update(update)
    assert document_json(doc.get_update())["content"] == [paragraph("True"), paragraph("False")]


def test_concurrent_insertions_both_stay() -> None:
    """In the same order for every client."""
    state, _ = content_update([paragraph("old")])
    updates = [insertion_update(state, [paragraph(name), paragraph(name)]) for name in "ab"]
    shown = []
    for order in (updates, updates[::-1]):
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        for update in (state, *order):
            doc.apply_update(update)
        shown.append(document_json(doc.get_update())["content"])
    assert shown[0] == shown[1]
    words = [one["content"][0]["text"] for one in shown[0]]
    assert words in (["old", "a", "a", "b", "b"], ["old", "b", "b", "a", "a"])


def test_long_document_is_written_in_linear_time() -> None:
    """The time is linear in its length, other than with the engine's own insertions."""
    blocks = [paragraph(f"{number} ") for number in range(20_000)]
    started = time.process_time()
    update, _ = content_update(blocks)
    assert document_json(update)["content"] == blocks
    assert time.process_time() - started < 20


def deep_list(levels: int) -> Built:
    """Return a list of so many levels, each with its number."""
    node = block("bulletList", item(f"level {levels}"))
    for number in range(levels - 1, 0, -1):
        node = block("bulletList", block("listItem", paragraph(f"level {number}"), node))
    return node


@pytest.mark.parametrize("levels", [40, 300])
@pytest.mark.parametrize("kind", ["html", "json", "md", "txt"])
def test_document_of_any_depth_is_written_whole(levels: int, kind: str) -> None:
    """Below 31 levels, nothing was left."""
    state, _ = content_update([deep_list(levels)])
    if levels < MAX_DEPTH:
        assert document_json(state)["content"] == [deep_list(levels)]
    written = content_export(state, kind, "Deep").decode()
    assert [int(number) for number in re.findall(r"level (\d+)", written)] == [
        *range(1, levels + 1)
    ]
