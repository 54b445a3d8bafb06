"""Encodes and decodes operations, versions and quarantined operations as lines of an archive."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, TypeVar

from apps.core import base64, clock
from apps.core.errors import InvalidInputError
from apps.crdt.codec.lib0 import DecodeError
from apps.documents.models import Document
from apps.documents.services import HistoryChanges
from apps.history.client_owners import SHARED, owners_decode, owners_encode
from apps.history.policy import history_changes_check
from apps.history.snapshot import Snapshot, SnapshotDamagedError
from apps.history.version import Version
from apps.maintenance.archive.file import ArchiveBrokenError
from apps.oplog.compacted_operations import (
    ClientRanges,
    CompactedDamagedError,
    CompactedOperation,
    copies_unpack,
)
from apps.oplog.compaction_point import CompactionPoint
from apps.oplog.operation import Operation
from apps.oplog.quarantine import Quarantined, quarantine_key

T = TypeVar("T")

#: Maps an author's id in the archive to the id of the account here.
MapAuthor = Callable[[str], str]


def encode_row(row: Operation | CompactedOperation | Version | Quarantined) -> dict[str, Any]:
    """Return a row as JSON, without the document's id, which is in the header."""
    return {
        _FILE_NAMES.get(name, name): _json_value(value)
        for name, value in asdict(row).items()
        if name not in _LEFT_OUT and not (name == "copies" and not value)
    }


#: Fields that have another name in the file.
_FILE_NAMES = {"blob": "packed"}
#: In the header, or derived from other fields.
_LEFT_OUT = {"document_id", "id"}


def _json_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.encode(value)
    if isinstance(value, dict):
        return {str(client): ranges for client, ranges in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value


class ArchiveDecoder:
    """Decodes lines as rows of the document ``document_id``. Raises ``ArchiveBrokenError``."""

    def __init__(self, document_id: str, map_author: MapAuthor = lambda user_id: user_id) -> None:
        self._document_id = document_id
        self._map_author = map_author

    def decode(
        self, kind: str, body: Any
    ) -> Operation | CompactedOperation | Version | Quarantined:
        """Decode a line of one of the four kinds of rows."""
        if kind == "operation":
            return self.decode_operation(body)
        if kind == "packed":
            return self.decode_compacted(body)
        return self.decode_version(body) if kind == "version" else self.decode_quarantined(body)

    def decode_operation(self, body: Any) -> Operation:
        """Decode an ``operation``."""
        return decoded(
            "operation",
            lambda: Operation(
                document_id=self._document_id,
                seq=_typed(int, body["seq"]),
                unique_id=_typed(str, body["unique_id"]),
                author_id=self._map_author(_typed(str, body["author_id"])),
                received_at=decode_datetime(body["received_at"]),
                version_vector=_bytes(body["version_vector"]),
                update=_bytes(body["update"]),
                copies=_bytes(body.get("copies", "")),
            ),
        )

    def decode_compacted(self, body: Any) -> CompactedOperation:
        """Decode a ``packed``, a compacted operation."""
        return decoded(
            "packed",
            lambda: CompactedOperation(
                seq=_typed(int, body["seq"]),
                unique_id=_typed(str, body["unique_id"]),
                author_id=self._map_author(_typed(str, body["author_id"])),
                received_at=decode_datetime(body["received_at"]),
                ranges=_ranges(body["ranges"]),
                deletes=_ranges(body["deletes"]),
            ),
        )

    def decode_compaction_point(self, body: Any) -> CompactionPoint:
        """Decode a ``beginning``, a compaction point, as one that is made now."""
        return decoded(
            "beginning",
            lambda: CompactionPoint(
                document_id=self._document_id,
                seq=_typed(int, body["seq"]),
                number=_typed(int, body["number"]),
                version_vector=_bytes(body["version_vector"]),
                made_at=clock.now(),
                copies=_copies(body.get("copies", "")),
            ),
        )

    def decode_version(self, body: Any) -> Version:
        """Decode a ``version``."""
        return decoded(
            "version",
            lambda: Version(
                document_id=self._document_id,
                number=_typed(int, body["number"]),
                seq=_typed(int, body["seq"]),
                name=_typed(str, body["name"]),
                automatic=_typed(bool, body["automatic"]),
                created_at=decode_datetime(body["created_at"]),
                author_ids=tuple(
                    self._map_author(_typed(str, author_id)) for author_id in body["author_ids"]
                ),
                version_vector=_bytes(body["version_vector"]),
                blob=self._map_owners(_bytes(body["packed"])),
                size=_typed(int, body["size"]),
            ),
        )

    def _map_owners(self, blob: bytes) -> bytes:
        """Return a snapshot whose owners of client ids are accounts here.

        A damaged one stays as it is, for the check that refuses it.
        """
        try:
            snapshot = Snapshot.decode(blob)
            if not snapshot.owners:
                return blob
            vector = snapshot.vector
            owners = owners_decode(snapshot.owners, vector)
        except (SnapshotDamagedError, DecodeError):
            return blob
        mapped = {
            client: user_id if user_id == SHARED else self._map_author(user_id)
            for client, user_id in owners.items()
        }
        return replace(snapshot, owners=owners_encode(mapped, vector)).encode()

    def decode_quarantined(self, body: Any) -> Quarantined:
        """Decode a ``quarantined``."""
        return decoded("quarantined", lambda: self._decode_quarantined(body))

    def _decode_quarantined(self, body: Any) -> Quarantined:
        seq = None if body["seq"] is None else _typed(int, body["seq"])
        unique_id = _typed(str, body["unique_id"])
        return Quarantined(
            id=quarantine_key(self._document_id, seq=seq, unique_id=unique_id),
            document_id=self._document_id,
            seq=seq,
            unique_id=unique_id,
            author_id=self._map_author(_typed(str, body["author_id"])),
            received_at=decode_datetime(body["received_at"]),
            update=_bytes(body["update"]),
            reason=_typed(str, body["reason"]),
            detail=_typed(str, body["detail"]),
            set_aside_at=decode_datetime(body["set_aside_at"]),
            discarded=_typed(bool, body["discarded"]),
        )


def encode_history(document: Document) -> HistoryChanges:
    """Return the history settings of a document as JSON."""
    return {
        "viewers_may_look": document.viewers_may_look,
        "compact_after_days": document.compact_after_days,
        "keep": document.keep or None,
    }


def decode_history(body: Any) -> HistoryChanges:
    """Decode history settings. Raises the errors that ``decoded`` converts."""
    days, keep = body["compact_after_days"], body["keep"]
    changes: HistoryChanges = {
        "viewers_may_look": _typed(bool, body["viewers_may_look"]),
        "compact_after_days": None if days is None else _typed(int, days),
        "keep": None if keep is None else {name: _typed(int, age) for name, age in keep.items()},
    }
    history_changes_check(changes)
    return changes


def decode_datetime(value: Any) -> datetime:
    """Decode an aware datetime. Raises ``ValueError``, ``TypeError``."""
    read = datetime.fromisoformat(value)
    if read.tzinfo is None:
        raise ValueError("a datetime without a time zone")
    return read


def decoded(kind: str, make: Callable[[], T]) -> T:
    """Return what ``make`` decodes; convert its errors to ``ArchiveBrokenError``."""
    try:
        return make()
    except (KeyError, TypeError, ValueError, InvalidInputError) as err:
        raise ArchiveBrokenError(f"A line of kind {kind} is not one: {err!r}.") from err


def _typed(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _ranges(value: Any) -> ClientRanges:
    return {
        int(client): tuple((_typed(int, one), _typed(int, two)) for one, two in ranges)
        for client, ranges in _typed(dict, value).items()
    }


def _copies(value: Any) -> bytes:
    """Return the checked copies of a log; raise what ``decoded`` converts where they are none."""
    packed = _bytes(value)
    try:
        copies_unpack(packed)
    except CompactedDamagedError as err:
        raise ValueError(err.message) from err
    return packed


def _bytes(value: Any) -> bytes:
    return base64.decode(_typed(str, value))
