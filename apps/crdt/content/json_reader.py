"""Reads ProseMirror's JSON as blocks of the page's schema."""

import json
from typing import Any

from apps.core.errors import InvalidInputError
from apps.crdt.content.bounds import MAX_NODES, PartCounter
from apps.crdt.content.schema import fit_to_schema
from apps.crdt.content.tables import tables_check


class NotProseMirrorError(InvalidInputError):
    """The text is not JSON, or not a document of ProseMirror."""

    code = "not_prosemirror"


def json_read(text: str) -> list[dict[str, Any]]:
    """Return the blocks of a document. Raises ``NotProseMirrorError``, ``ContentTooLargeError``."""
    document = _parsed(text)
    _check(document)
    content = document.get("content", ())
    tables_check(content)
    return fit_to_schema(content)


def json_title(text: str) -> str:
    """Return the title that an export has beside the content; empty if there is none."""
    document = _parsed(text)
    attributes = document.get("attrs") if isinstance(document, dict) else None
    title = attributes.get("title") if isinstance(attributes, dict) else None
    return title if isinstance(title, str) else ""


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as err:
        place = f"line {err.lineno}, column {err.colno}"
        raise NotProseMirrorError(f"This is not JSON: it cannot be read at {place}.") from err
    except (ValueError, RecursionError) as err:
        raise NotProseMirrorError("This is not JSON that can be read.") from err


def _check(document: Any) -> None:
    """Raise unless the document and everything in it has the form of a node."""
    if not isinstance(document, dict) or document.get("type") != "doc":
        raise NotProseMirrorError('A document begins with {"type": "doc"}.')
    counter = PartCounter("max_nodes", MAX_NODES)
    stack: list[Any] = [document]
    while stack:
        node = stack.pop()
        if not _is_node(node):
            raise NotProseMirrorError("A node does not have the form of a ProseMirror node.")
        content = node.get("content", ())
        counter.add(len(content) + len(node.get("marks", ())))
        stack += content


def _is_node(node: Any) -> bool:
    return (
        isinstance(node, dict)
        and isinstance(node.get("type"), str)
        and isinstance(node.get("content", []), list)
        and isinstance(node.get("text", ""), str)
        and isinstance(node.get("marks", []), list)
        and all(_is_mark(mark) for mark in node.get("marks", ()))
    )


def _is_mark(mark: Any) -> bool:
    return isinstance(mark, dict) and isinstance(mark.get("type"), str)
