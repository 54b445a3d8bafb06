"""The title of a text to import: what its format declares, else its leading first-level heading."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from apps.crdt.content.front_matter import front_matter_split
from apps.crdt.content.html_reader import html_title
from apps.crdt.content.json_reader import json_title
from apps.crdt.content.words import words_of

_DECLARED: Final[dict[str, Callable[[str], str]]] = {
    "html": html_title,
    "json": json_title,
    "md": lambda text: front_matter_split(text).title,
    "txt": lambda _: "",
}


class TitledContent(NamedTuple):
    """A title, empty if there is none, and the blocks that do not repeat it."""

    title: str
    blocks: list[dict[str, Any]]


def title_declared(text: str, kind: str) -> str:
    """Return the title that a text has beside its content: ``<title>``, front matter, attributes.

    Raises as ``content_read`` does.
    """
    return " ".join(_DECLARED[kind](text).split())


def title_separated(
    blocks: list[dict[str, Any]], title: str, *, max_chars: int = 1_000
) -> TitledContent:
    """Return the title, by default the leading heading, and the blocks without that heading.

    The heading stays where the title says less: it is another one, a link, or longer than
    ``max_chars``.
    """
    if not blocks or blocks[0]["type"] != "heading" or blocks[0]["attrs"]["level"] != 1:
        return TitledContent(title, blocks)
    first = blocks[0]
    is_plain = not any(_address(text) for text in first.get("content", ()))
    texts = [text for text in first.get("content", ()) if _address(text) != text.get("text")]
    words = " ".join(words_of({"type": "heading", "content": texts}).split())
    if not words:
        return TitledContent(title, blocks)
    is_said = words == " ".join((title or words).split()) and len(words) <= max_chars
    return TitledContent(title or words, blocks[1:] if is_plain and is_said else blocks)


def _address(text: dict[str, Any]) -> str:
    """Return the address of a text's link; empty if it has none."""
    marks = (mark for mark in text.get("marks", ()) if mark["type"] == "link")
    return next((str(mark["attrs"]["href"]) for mark in marks), "")
