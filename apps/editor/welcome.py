"""The content of the welcome document, which shows all features of the editor."""

from typing import Any

from apps.crdt.content.prosemirror import Node


def _text(text: str, *marks: str) -> Node:
    return {"type": "text", "text": text, "marks": [{"type": mark} for mark in marks]}


def _block(node_type: str, *content: Node | str, **attrs: Any) -> Node:
    """Return a node; a string in its content is plain text."""
    children = [_text(child) if isinstance(child, str) else child for child in content]
    return {"type": node_type, "attrs": attrs, "content": children}


def _item(*content: Node | str) -> Node:
    return _block("listItem", _block("paragraph", *content))


def _task(text: str, *, checked: bool) -> Node:
    return _block("taskItem", _block("paragraph", text), checked=checked)


BLOCKS: tuple[Node, ...] = (
    _block(
        "paragraph",
        "This document is shared: ",
        _text("ada", "bold"),
        " and ",
        _text("grace", "bold"),
        " may write in it, ",
        _text("alan", "bold"),
        " may read it. Open it in a second browser as somebody else, and watch the letters and"
        " the caret of the other one.",
    ),
    _block("heading", "Nothing gets lost", level=2),
    _block(
        "paragraph",
        "The word ",
        _text("Saved", "italic"),
        " above the page appears when everything you wrote is in the log on disk. Until then it"
        " is kept in this browser as well: close the lid, lose the network, kill the server; it"
        " is sent when there is a way.",
    ),
    _block("heading", "Things to try", level=2),
    _block(
        "taskList",
        _task("Log in and open this document", checked=True),
        _task("Write a line while somebody else writes another", checked=False),
        _task("Go offline, write on, and come back", checked=False),
        _task("Share a document of your own, by the button at the top right", checked=False),
    ),
    _block("heading", "While you write", level=2),
    _block(
        "bulletList",
        _item(_text("#", "code"), " at the start of a line makes a heading"),
        _item(_text("-", "code"), " makes a list, ", _text("[ ]", "code"), " one of tasks"),
        _item(_text(">", "code"), " makes a quote, ", _text("```", "code"), " a block of code"),
        _item("Ctrl+B, Ctrl+I and Ctrl+Z do what they do everywhere (on a Mac: Cmd)"),
    ),
    _block(
        "blockquote",
        _block("paragraph", "An undo takes back your own edits, never those of the others."),
    ),
)
