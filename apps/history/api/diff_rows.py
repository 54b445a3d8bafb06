"""Segments of a diff as rows of JSON: a document has thousands, and a serializer is slow."""

from typing import Any

from apps.crdt.analysis.diff import ContentChange
from apps.crdt.edits.fragments import fragment_encode
from apps.history.diff import DiffSegment


def segment_row(segment: DiffSegment, authors: dict[str, Any]) -> dict[str, Any]:
    """Return a segment as ``DiffPieceSerializer`` describes it; ``authors`` by their ids."""
    change, origin = segment.change, segment.origin
    row: dict[str, Any] = {
        "kind": change.kind,
        "text": segment.text,
        "depth": change.depth,
        "author": authors[origin.author_id] if origin else None,
        "seq": origin.seq if origin else None,
        "received_at": origin.received_at if origin else None,
    }
    if segment.brought_back is not None:
        back = segment.brought_back
        row["brought_back"] = {
            "author": authors[back.author_id],
            "seq": back.seq,
            "received_at": back.received_at,
            "moved": segment.is_moved,
        }
    if change.tag is not None:
        row["node"] = {"type": change.tag, **_formats("attributes", change)}
    else:
        row |= _formats("marks", change)
    if change.kind == "delete":
        row["part"] = fragment_encode(segment.spans)
    return row


def _formats(name: str, change: ContentChange) -> dict[str, Any]:
    """Return marks or attributes, and where they changed, their values before."""
    formats: dict[str, Any] = {name: change.marks}
    if change.before is not None:
        formats[f"{name}_before"] = change.before
    return formats
