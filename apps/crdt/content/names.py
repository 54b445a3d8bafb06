"""Names of other ProseMirror schemas: a node with the page's name, or as words and an address.

After ``nodes_named``, a tree has four kinds of nodes: texts and hard breaks, the page's blocks,
tables with rows and cells, and wrappers, which are transparent. A leaf that the page does not have
(an image, an embed, a mention) is a text with a link to its address.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from apps.crdt.content.attached import ATTACHED, is_attached
from apps.crdt.content.block_notes import items_in_lists
from apps.crdt.content.callouts import CALLOUT
from apps.crdt.content.links import link_as_text
from apps.crdt.content.mentions import MENTION, is_mention
from apps.crdt.content.prosemirror import Node

#: A wrapper whose content is blocks. Any other unknown node in a line is part of the line.
BOX: Final = "(box)"
TABLE: Final = "table"
ROW: Final = "tableRow"
CELL: Final = "tableCell"
HEADER: Final = "tableHeader"
CELLS: Final = frozenset({CELL, HEADER})
DETAILS: Final = "details"
SUMMARY: Final = "detailsSummary"
DETAILS_CONTENT: Final = "detailsContent"

#: Names of ProseMirror's own schemas, Outline, Milkdown, Remirror, BlockNote and Atlassian.
_NAMES: Final = {
    "block_quote": "blockquote",
    "br": "hardBreak",
    "bullet_list": "bulletList",
    "check_item": "taskItem",
    "check_list": "taskList",
    "checkbox_item": "taskItem",
    "checkbox_list": "taskList",
    "code_block": "codeBlock",
    "code_fence": "codeBlock",
    "hard_break": "hardBreak",
    "hardbreak": "hardBreak",
    "horizontal_rule": "horizontalRule",
    "hr": "horizontalRule",
    "list_item": "listItem",
    "ordered_list": "orderedList",
    "quote": "blockquote",
    "rule": "horizontalRule",
    "table_cell": CELL,
    "table_header": HEADER,
    "header_cell": HEADER,
    "table_row": ROW,
    "taskListItem": "taskItem",
    "task_item": "taskItem",
    "task_list": "taskList",
    "td": CELL,
    "th": HEADER,
    "todo_item": "taskItem",
    "todo_list": "taskList",
    "tr": ROW,
}
#: Callouts of Atlassian's documents and Outline, with the attribute of their kind.
_CALLOUTS: Final = {"panel": "panelType", "container_notice": "style"}
#: What Atlassian's documents have as a part to unfold.
_TITLED: Final = frozenset({"expand", "nestedExpand"})
_MARK_NAMES: Final = {
    "code_inline": "code",
    "del": "strike",
    "em": "italic",
    "emphasis": "italic",
    "i": "italic",
    "b": "bold",
    "inlineCode": "code",
    "inline_code": "code",
    "mark": "highlight",
    "s": "strike",
    "strike_through": "strike",
    "strikethrough": "strike",
    "strong": "bold",
    "sub": "subscript",
    "sup": "superscript",
    "u": "underline",
}
#: Attributes of a leaf with its words, and with its address, the first that is there.
_WORDS: Final = (
    *("text", "alt", "label", "title", "caption", "name", "shortName", "latex", "formula"),
    *("value", "id"),
)
#: Attributes of a wrapper with words that its content does not have.
_CAPTIONS: Final = ("title", "caption", "label")
_ADDRESSES: Final = ("src", "href", "url", "data")
#: Nodes of a line.
INLINE: Final = frozenset({"text", "hardBreak", MENTION})
#: Nodes that end a line where they begin and where they end: the page's blocks, and tables.
BLOCKS: Final = frozenset(
    {
        *("blockquote", "bulletList", "codeBlock", "heading", "horizontalRule", "listItem"),
        *("orderedList", "paragraph", "taskItem", "taskList"),
        *(BOX, TABLE, ROW, CELL, HEADER, CALLOUT, DETAILS, SUMMARY, DETAILS_CONTENT),
        *ATTACHED,
    }
)
_OWN: Final = INLINE | BLOCKS
#: Nodes that are the page's only with an id of the page.
_NAMED_BY_ID: Final = ATTACHED | {MENTION}

_Json = dict[str, Any]


def nodes_named(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield nodes with the page's names; their content keeps its names (``content_of``)."""
    for node in items_in_lists(nodes):
        kind = node["type"]
        if kind == "listItem" or _NAMES.get(kind) == "listItem":
            is_task = isinstance(attributes_of(node).get("checked"), bool)
            own = "taskItem" if is_task else "listItem"
            yield node if own == kind else {**node, "type": own}
        elif kind in _NAMED_BY_ID and not (is_attached(node) or is_mention(node)):
            yield from _unknown({**node, "type": f"({kind})"})
        elif kind in _OWN:
            yield node
        elif kind in _CALLOUTS:
            name = attributes_of(node).get(_CALLOUTS[kind])
            yield {**node, "type": CALLOUT, "attrs": {"kind": name}}
        elif kind in _TITLED:
            yield _unfolding(node)
        elif kind in _NAMES:
            yield {**node, "type": _NAMES[kind]}
        else:
            yield from _unknown(node)


def _unfolding(node: Node) -> Node:
    """Return a part to unfold, whose title is an attribute."""
    words = _first(attributes_of(node), _CAPTIONS)
    summary = {"type": SUMMARY, "content": [{"type": "text", "text": words}] if words else []}
    return {"type": DETAILS, "content": [summary, *node.get("content", ())]}


def content_of(node: Node) -> list[Node]:
    """Return the content of a node, with the page's names."""
    return list(nodes_named(node.get("content", ())))


def attributes_of(node: Node) -> Mapping[str, Any]:
    """Return the attributes of a node or mark; none if they are no mapping."""
    attributes = node.get("attrs")
    return attributes if isinstance(attributes, Mapping) else {}


def mark_name(mark: Node) -> str:
    """Return the page's name of a mark."""
    kind: str = mark["type"]
    if kind == "subsup":
        return "subscript" if attributes_of(mark).get("type") == "sub" else "superscript"
    return _MARK_NAMES.get(kind, kind)


def leaf(words: str, address: str, marks: Iterable[Node] = ()) -> _Json:
    """Return a leaf that the page does not have, as a text: its words, with its address as link.

    Without words, its text is the address. Data in place of an address is shown for no words only.
    """
    text = " ".join(words.split())
    is_address = address and not (text and address[:5].lower() == "data:")
    linked = [{"type": "link", "attrs": {"href": address}}] if is_address else []
    text = text or link_as_text(address)
    return {"type": "text", "text": text, "marks": [*marks, *linked], "is_leaf": True}


def _unknown(node: Node) -> Iterator[Node]:
    """Yield an unknown node between its caption and its address; without content, its words."""
    attributes = attributes_of(node)
    address = _first(attributes, _ADDRESSES)
    if node.get("content"):
        if caption := _first(attributes, _CAPTIONS):
            is_line = node["content"][0]["type"] in INLINE
            yield leaf(caption, "") | ({"text": f"{caption} "} if is_line else {})
        yield node
        if link_as_text(address):
            yield leaf("", address)
        return
    words = node.get("text") or _words(node["type"], attributes, has_address=bool(address))
    found = leaf(words, address, node.get("marks", ()))
    if found["text"]:
        yield found


def _words(kind: str, attributes: Mapping[str, Any], *, has_address: bool) -> str:
    found = _first(attributes, _WORDS[:-1] if has_address else _WORDS)
    if "mention" in kind and found:
        return found if found.startswith("@") else f"@{found}"
    if "emoji" in kind and found.isascii() and found.replace("_", "").isalnum():
        return f":{found}:"
    return found or _date(attributes.get("timestamp"))


def _date(timestamp: object) -> str:
    """Return the day of a time in milliseconds, as Atlassian's documents have it."""
    digits = str(timestamp)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len("9999999999999")):
        return ""
    return datetime.fromtimestamp(int(digits) / 1000, UTC).date().isoformat()


def _first(attributes: Mapping[str, Any], names: Iterable[str]) -> str:
    found = (attributes.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value.strip()), "")
