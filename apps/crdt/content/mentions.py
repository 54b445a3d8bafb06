"""Mentions of people and documents in a line: node ``mention``. Pure.

In other formats a mention is a link whose text begins with ``@``: to a place ``#person-<id>``,
which leads nowhere, or to the page of a document. A reader knows these links.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from apps.crdt.content.prosemirror import Node

MENTION: Final = "mention"
SIGN: Final = "@"
#: Longest name of a person or title of a document, in characters.
MAX_LABEL_CHARS: Final = 300
_IDS: Final = {"person": re.compile(r"[0-9]{1,19}"), "document": re.compile(r"[0-9a-f-]{36}")}
#: In an EPUB, the chapter stands before the name of a place.
_ADDRESS: Final = re.compile(
    r"#(?:[\w.]{1,40}_)?person-(?P<person>[0-9]{1,19})|/documents/(?P<document>[0-9a-f-]{36})/"
)


def is_mention(node: Node) -> bool:
    """Return whether a node is a mention with the id of a person or document."""
    attributes = node.get("attrs")
    if node["type"] != MENTION or not isinstance(attributes, Mapping):
        return False
    known, found = _IDS.get(str(attributes.get("kind"))), attributes.get("id")
    label = attributes.get("label")
    is_labelled = isinstance(label, str) and bool(label.strip())
    return bool(is_labelled and known and isinstance(found, str) and known.fullmatch(found))


def mention_cleaned(node: Node) -> dict[str, Any]:
    """Return a mention with the attributes of the schema."""
    given = node["attrs"]
    label = " ".join(given["label"].split())[:MAX_LABEL_CHARS]
    return {"type": MENTION, "attrs": {"kind": given["kind"], "id": given["id"], "label": label}}


def mention_text(node: Node) -> dict[str, Any]:
    """Return what stands for a mention in a text."""
    return {"type": "text", "text": f"{SIGN}{node['attrs']['label']}"}


def mention_link(node: Node) -> dict[str, Any]:
    """Return a mention as a text with a link."""
    kind, id_ = node["attrs"]["kind"], node["attrs"]["id"]
    href = f"#person-{id_}" if kind == "person" else f"/documents/{id_}/"
    mark = {"type": "link", "attrs": {"href": href, "title": None}}
    return mention_text(node) | {"marks": [mark]}


def mentions_linked(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the nodes of a line, with links in place of mentions."""
    return (mention_link(node) if node["type"] == MENTION else node for node in nodes)


def mention_of_link(text: str, href: str) -> dict[str, Any] | None:
    """Return the mention that a text with a link is; None for any other one."""
    found = _ADDRESS.fullmatch(href) if text.startswith(SIGN) else None
    label = " ".join(text.removeprefix(SIGN).split())
    if not found or not label:
        return None
    kind = str(found.lastgroup)
    return {"type": MENTION, "attrs": {"kind": kind, "id": found[kind], "label": label}}
