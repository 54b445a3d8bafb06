"""The plain text of a document's content."""

from typing import Any

import pycrdt
import pytest

from apps.crdt.content.prosemirror import content_update
from apps.crdt.engine import text as engine_text
from apps.crdt.engine.text import OPENING_MAX_NODES, document_opening, document_text


def words(*texts: str) -> list[dict[str, Any]]:
    """Return text nodes."""
    return [{"type": "text", "text": text} for text in texts]


def block(*content: dict[str, Any], kind: str = "paragraph") -> dict[str, Any]:
    """Return a node with others in it."""
    return {"type": kind, "content": list(content)}


def text_of(*blocks: dict[str, Any]) -> str:
    """Return the text of a document with these blocks."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(content_update(blocks)[0])
    return document_text(doc)


def test_text_has_a_line_for_each_block_with_text() -> None:
    """Empty blocks are left out."""
    assert text_of(block(*words("Hé😀")), block(), block(*words("two"))) == "Hé😀\ntwo"


def test_text_of_nested_blocks_is_in_the_order_of_the_document() -> None:
    """Blocks before, inside and after a list."""
    listed = block(
        block(block(*words("one")), kind="listItem"),
        block(block(*words("two")), block(*words("more")), kind="listItem"),
        kind="bulletList",
    )
    assert text_of(block(*words("before")), listed, block(*words("after"))) == (
        "before\none\ntwo\nmore\nafter"
    )


@pytest.mark.parametrize("kind", ["hardBreak", "hard_break"])
def test_text_ends_a_line_at_a_break(kind: str) -> None:
    """In either spelling."""
    assert text_of(block(*words("a"), {"type": kind}, *words("b"))) == "a\nb"


def test_text_continues_after_an_inline_element() -> None:
    """A mention or an image does not end a line."""
    assert text_of(block(*words("a"), {"type": "mention"}, *words("b"))) == "ab"


def test_text_has_neither_formats_nor_embeds() -> None:
    """Marks are ignored."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    root = doc.get("default", type=pycrdt.XmlFragment)
    text = root.children.append(pycrdt.XmlText("ab"))
    text.format(0, 1, {"bold": {}})
    text.insert_embed(1, {"image": "a.png"})
    assert document_text(doc) == "ab"


def test_text_of_any_depth_is_there() -> None:
    """Below 64 elements, the words were left out."""
    node = block(*words("innermost"))
    for _ in range(300):
        node = block(node)
    assert text_of(node, block(*words("after"))) == "innermost\nafter"


def test_text_of_other_roots_is_left_out() -> None:
    """The page's content is in one root."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    notes = doc.get("notes", type=pycrdt.Text)
    notes += "not shown"
    assert document_text(doc) == ""


def opening_of(*blocks: dict[str, Any], max_chars: int) -> str:
    """Return the opening of a document with these blocks."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(content_update(blocks)[0])
    return document_opening(doc, max_chars=max_chars)


def test_opening_has_as_many_lines_as_make_its_length() -> None:
    """The last one may go beyond, by one character: so a caller sees that there is more."""
    blocks = [block(*words("one")), block(), block(*words("two")), block(*words("three"))]
    assert opening_of(*blocks, max_chars=100) == "one\ntwo\nthree"
    assert opening_of(*blocks, max_chars=4) == "one"
    assert opening_of(*blocks, max_chars=5) == "one\ntw"
    assert opening_of(max_chars=5) == ""


def test_opening_reads_a_bounded_number_of_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a document that begins with empty paragraphs, and of one that is deep."""
    text = block(*words("words"))
    assert opening_of(*[block()] * (OPENING_MAX_NODES - 2), text, max_chars=9) == "words"
    assert opening_of(*[block()] * OPENING_MAX_NODES, text, max_chars=9) == ""
    monkeypatch.setattr(engine_text, "OPENING_MAX_NODES", 3)
    assert opening_of(block(text), max_chars=9) == "words"
    assert opening_of(block(block(text)), max_chars=9) == ""
