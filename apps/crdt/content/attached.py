"""Pictures and files of a document in its formats: nodes ``image`` and ``file``. Pure.

Both name a file by its id, the SHA-256 of its bytes. In other formats they are an image, and a link
alone in its paragraph. Their address is ``attachments/<id>/``, relative to that of the document in
the REST interface. A reader knows it at the end of any other address.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from apps.crdt.content.prosemirror import Node

IMAGE: Final = "image"
FILE: Final = "file"
ATTACHED: Final = frozenset({IMAGE, FILE})
#: Longest alternative text, caption or name, in characters.
MAX_WORDS_CHARS: Final = 2_000
MAX_WIDTH: Final = 10_000

_ID: Final = re.compile(r"[0-9a-f]{64}")
_ADDRESS: Final = re.compile(
    r"(?:[^\s?#]{0,2000}/)?attachments/([0-9a-f]{64})/?(?:[?#]\S{0,2000})?"
)


def address_of(file_id: str) -> str:
    """Return the address that stands for a file in other formats."""
    return f"attachments/{file_id}/"


def file_id_in(address: object) -> str | None:
    """Return the id of the file that an address names; None for any other address."""
    found = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
    return found[1] if found else None


def image_of(file_id: str, **attributes: Any) -> dict[str, Any]:
    """Return a picture; attributes that are empty are left out."""
    return {"type": IMAGE, "attrs": {"attachment": file_id, **attributes}}


def is_attached(node: Node) -> bool:
    """Return whether a node is a picture or file with the id of one."""
    attributes = node.get("attrs")
    file_id = attributes.get("attachment") if isinstance(attributes, Mapping) else None
    return node["type"] in ATTACHED and isinstance(file_id, str) and bool(_ID.fullmatch(file_id))


def attached_block(node: Node) -> dict[str, Any]:
    """Return a picture or file with the attributes of the schema, each of its type."""
    given = node["attrs"]
    attributes: dict[str, Any] = {"attachment": given["attachment"]}
    names = ("alt", "caption") if node["type"] == IMAGE else ("name",)
    for name in names:
        value = given.get(name)
        # An empty alternative text tells that a picture is only an ornament.
        if isinstance(value, str) and (_words(value) or name == "alt"):
            attributes[name] = _words(value)
    width = given.get("width")
    if node["type"] == IMAGE and _is_width(width):
        attributes["width"] = int(width)
    return {"type": node["type"], "attrs": attributes}


def attached_words(node: Node) -> str:
    """Return what stands for a picture or file in a text."""
    attributes = node["attrs"]
    if node["type"] == FILE:
        return attributes.get("name") or "(file)"
    return attributes.get("caption") or attributes.get("alt") or "(picture)"


def attached_link(node: Node) -> dict[str, Any]:
    """Return a picture or file as a text with a link to it."""
    href = address_of(node["attrs"]["attachment"])
    mark = {"type": "link", "attrs": {"href": href, "title": None}}
    return {"type": "text", "text": attached_words(node), "marks": [mark]}


def file_of_line(nodes: Sequence[Node]) -> dict[str, Any] | None:
    """Return the file that a line is, whose only content is a link to it; None for other lines."""
    ids = {_linked_file(node) for node in nodes}
    file_id = next(iter(ids), None)
    if len(ids) != 1 or file_id is None:
        return None
    name = _words("".join(node["text"] for node in nodes))
    return attached_block({"type": FILE, "attrs": {"attachment": file_id, "name": name}})


def _linked_file(node: Node) -> str | None:
    if node["type"] != "text" or node.get("is_leaf"):
        return None
    hrefs = [
        mark["attrs"].get("href")
        for mark in node.get("marks", ())
        if mark["type"] == "link" and isinstance(mark.get("attrs"), Mapping)
    ]
    return file_id_in(hrefs[0]) if hrefs else None


def _words(text: str) -> str:
    return " ".join(text.split())[:MAX_WORDS_CHARS]


def _is_width(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and value == value and 1 <= value <= MAX_WIDTH and value % 1 == 0  # type: ignore[operator]
