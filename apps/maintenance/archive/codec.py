"""Operations, versions and what is in quarantine, as lines of a document's file and back."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from apps.core import base64, clock
from apps.core.errors import InvalidInputError
from apps.documents.models import Document
from apps.documents.services import HistoryChanges
from apps.history.policy import history_changes_check
from apps.history.version import Version
from apps.maintenance.archive.file import ArchiveBrokenError
from apps.oplog.compacted_operations import ClientRanges, CompactedOperation
from apps.oplog.compaction_point import CompactionPoint
from apps.oplog.operation import Operation
from apps.oplog.quarantine import Quarantined, quarantine_key

T = TypeVar("T")

#: Gives an author's id of the file the id that it has here.
Author = Callable[[str], str]


def row_line(row: Operation | CompactedOperation | Version | Quarantined) -> dict[str, Any]:
    """Return a row as JSON, without the document's id, which stands in the header."""
    return {name: _plain(value) for name, value in asdict(row).items() if name not in _LEFT_OUT}


#: Said once in the header, or made of what is said.
_LEFT_OUT = {"document_id", "id"}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.encode(value)
    if isinstance(value, dict):
        return {str(client): runs for client, runs in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value


class ArchiveDecoder:
    """Reads lines as rows of the document ``document_id``. Raises ``ArchiveBrokenError``."""

    def __init__(self, document_id: str, author: Author = lambda user_id: user_id) -> None:
        self._document_id = document_id
        self._author = author

    def read(self, kind: str, body: Any) -> Operation | CompactedOperation | Version | Quarantined:
        """Read a line of one of the four kinds."""
        if kind == "operation":
            return self.operation(body)
        if kind == "packed":
            return self.packed(body)
        return self.version(body) if kind == "version" else self.quarantined(body)

    def operation(self, body: Any) -> Operation:
        """Read an ``operation``."""
        return checked(
            "operation",
            lambda: Operation(
                document_id=self._document_id,
                seq=_is(int, body["seq"]),
                unique_id=_is(str, body["unique_id"]),
                author_id=self._author(_is(str, body["author_id"])),
                received_at=moment(body["received_at"]),
                version_vector=_bytes(body["version_vector"]),
                update=_bytes(body["update"]),
            ),
        )

    def packed(self, body: Any) -> CompactedOperation:
        """Read a ``packed``."""
        return checked(
            "packed",
            lambda: CompactedOperation(
                seq=_is(int, body["seq"]),
                unique_id=_is(str, body["unique_id"]),
                author_id=self._author(_is(str, body["author_id"])),
                received_at=moment(body["received_at"]),
                ranges=_runs(body["ranges"]),
                deletes=_runs(body["deletes"]),
            ),
        )

    def beginning(self, body: Any) -> CompactionPoint:
        """Read a ``beginning``, decided now."""
        return checked(
            "beginning",
            lambda: CompactionPoint(
                document_id=self._document_id,
                seq=_is(int, body["seq"]),
                number=_is(int, body["number"]),
                version_vector=_bytes(body["version_vector"]),
                made_at=clock.now(),
            ),
        )

    def version(self, body: Any) -> Version:
        """Read a ``version``."""
        return checked(
            "version",
            lambda: Version(
                document_id=self._document_id,
                number=_is(int, body["number"]),
                seq=_is(int, body["seq"]),
                name=_is(str, body["name"]),
                automatic=_is(bool, body["automatic"]),
                created_at=moment(body["created_at"]),
                author_ids=tuple(self._author(_is(str, each)) for each in body["author_ids"]),
                version_vector=_bytes(body["version_vector"]),
                packed=_bytes(body["packed"]),
                size=_is(int, body["size"]),
            ),
        )

    def quarantined(self, body: Any) -> Quarantined:
        """Read a ``quarantined``."""
        return checked("quarantined", lambda: self._quarantined(body))

    def _quarantined(self, body: Any) -> Quarantined:
        seq = None if body["seq"] is None else _is(int, body["seq"])
        unique_id = _is(str, body["unique_id"])
        return Quarantined(
            id=quarantine_key(self._document_id, seq=seq, unique_id=unique_id),
            document_id=self._document_id,
            seq=seq,
            unique_id=unique_id,
            author_id=self._author(_is(str, body["author_id"])),
            received_at=moment(body["received_at"]),
            update=_bytes(body["update"]),
            reason=_is(str, body["reason"]),
            detail=_is(str, body["detail"]),
            set_aside_at=moment(body["set_aside_at"]),
            discarded=_is(bool, body["discarded"]),
        )


def history_line(document: Document) -> HistoryChanges:
    """Return what a document's owners say of its history."""
    return {
        "viewers_may_look": document.viewers_may_look,
        "compact_after_days": document.compact_after_days,
        "keep": document.keep or None,
    }


def history_read(body: Any) -> HistoryChanges:
    """Read what ``history_line`` made; raises what ``checked`` takes in."""
    days, keep = body["compact_after_days"], body["keep"]
    changes: HistoryChanges = {
        "viewers_may_look": _is(bool, body["viewers_may_look"]),
        "compact_after_days": None if days is None else _is(int, days),
        "keep": None if keep is None else {name: _is(int, age) for name, age in keep.items()},
    }
    history_changes_check(changes)
    return changes


def moment(value: Any) -> datetime:
    """Read an aware moment. Raises ``ValueError``, ``TypeError``."""
    read = datetime.fromisoformat(value)
    if read.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return read


def checked(kind: str, make: Callable[[], T]) -> T:
    """Return what ``make`` reads of a line; raise ``ArchiveBrokenError`` when it cannot."""
    try:
        return make()
    except (KeyError, TypeError, ValueError, InvalidInputError) as err:
        raise ArchiveBrokenError(f"A line of kind {kind} is not one: {err!r}.") from err


def _is(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _runs(value: Any) -> ClientRanges:
    return {
        int(client): tuple((_is(int, one), _is(int, two)) for one, two in runs)
        for client, runs in _is(dict, value).items()
    }


def _bytes(value: Any) -> bytes:
    return base64.decode(_is(str, value))
