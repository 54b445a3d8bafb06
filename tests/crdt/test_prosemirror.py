"""ProseMirror's JSON as a Yjs document."""

from typing import Any

import pycrdt

from apps.crdt.prosemirror import content_update
from apps.crdt.updates import read_update


def test_content_update_makes_the_tree_of_y_prosemirror() -> None:
    """Elements with typed attributes; neighbouring texts are one text with formats."""
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
    """No blocks, no operation worth logging."""
    update, vector = content_update([])
    assert (update, vector) == (b"\x00\x00", b"\x00")
