"""Whole conversions, bytes in and bytes out, as they run in a child process."""

from typing import NamedTuple

from apps.crdt.content.prosemirror import content_update, document_json, insertion_update
from apps.crdt.content.readers import content_read
from apps.crdt.content.schema import fit_to_schema
from apps.crdt.content.titles import title_declared, title_separated
from apps.crdt.content.writers import WRITTEN_FORMATS


class ConvertedContent(NamedTuple):
    """The content of a new document; the update is None where there is no content."""

    update: bytes | None
    version_vector: bytes
    title: str


def content_convert(
    text: str, kind: str, *, title: str = "", title_max_chars: int = 1_000
) -> ConvertedContent:
    """Return a text as a new document, with the title that it is given, or has.

    A heading that says the title is not repeated in the content. Raises as ``content_read`` and
    ``content_update`` do.
    """
    own, blocks = title_separated(
        content_read(text, kind), title or title_declared(text, kind), max_chars=title_max_chars
    )
    update, version_vector = content_update(blocks)
    return ConvertedContent(update if blocks else None, version_vector, own)


def content_convert_into(state: bytes, text: str, kind: str, *, at_start: bool) -> bytes | None:
    """Return the v1 update that inserts a text into a document; None for an empty text.

    Raises as ``content_read`` and ``insertion_update`` do.
    """
    blocks = content_read(text, kind)
    return insertion_update(state, blocks, at_start=at_start) if blocks else None


def content_copy(state: bytes) -> ConvertedContent:
    """Return the content of a document, whose state is a v1 update, as a new one without a title.

    As an import of its JSON would: what the page's schema lacks keeps its words. Raises as
    ``content_update`` does.
    """
    blocks = fit_to_schema(document_json(state)["content"])
    update, version_vector = content_update(blocks)
    return ConvertedContent(update if blocks else None, version_vector, "")


def content_export(state: bytes, kind: str, title: str) -> bytes:
    """Return a document, whose state is a v1 update, in one of ``WRITTEN_FORMATS``."""
    return WRITTEN_FORMATS[kind].write(state, title)
