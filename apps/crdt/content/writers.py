"""Export formats: a document's content as a file, by the name of the format."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from apps.crdt.content.html_writer import html_write
from apps.crdt.content.markdown_writer import markdown_write
from apps.crdt.content.plain_text import text_write
from apps.crdt.content.prosemirror import document_json
from apps.crdt.content.schema import flattened_below

#: Levels of nodes in JSON, whose writer recurses; deeper ones become paragraphs.
_JSON_MAX_DEPTH: Final = 200


@dataclass(frozen=True, slots=True)
class WrittenFormat:
    """An export format: its media type, and its writer of a state (v1 update) with a title."""

    media_type: str
    write: Callable[[bytes, str], bytes]


def _text(write: Callable[[Any, str], str]) -> Callable[[bytes, str], bytes]:
    """Return a writer of bytes for a writer that returns text for ProseMirror's JSON."""

    def to_bytes(state: bytes, title: str) -> bytes:
        return write(document_json(state), title).encode("utf-8", "replace")

    return to_bytes


def _json(document: Any, title: str) -> str:
    written = {"type": "doc"} | ({"attrs": {"title": title}} if title else {})
    content = flattened_below(document["content"], _JSON_MAX_DEPTH)
    return json.dumps(written | {"content": content}, ensure_ascii=False, indent=2) + "\n"


WRITTEN_FORMATS: Final = {
    "html": WrittenFormat(
        "text/html; charset=utf-8",
        _text(lambda document, title: html_write(document["content"], title=title)),
    ),
    "json": WrittenFormat("application/json", _text(_json)),
    "md": WrittenFormat(
        "text/markdown; charset=utf-8",
        _text(lambda document, title: markdown_write(document["content"], title=title)),
    ),
    "txt": WrittenFormat(
        "text/plain; charset=utf-8", _text(lambda document, _: text_write(document["content"]))
    ),
    "yjs": WrittenFormat("application/octet-stream", lambda state, _: state),
}
