"""Validates an archive in one pass over its lines; nothing is written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from apps.core.ids import is_id
from apps.history.snapshot import Snapshot
from apps.history.version import Version
from apps.maintenance.archive.attached_files import FILE, FILE_DATA, FileValidator
from apps.maintenance.archive.codec import ArchiveDecoder, decode_datetime, decode_history, decoded
from apps.maintenance.archive.file import VERSION_COMPACTED, ArchiveBrokenError
from apps.maintenance.integrity.log_replay import Replay
from apps.maintenance.integrity.snapshot_check import version_fault
from apps.oplog.compacted_operations import CompactedOperation
from apps.oplog.compaction_point import CompactionPoint
from apps.oplog.operation import Operation


@dataclass(slots=True)
class ArchiveValidator:
    """Checks the lines of a file in their order. ``read_again`` rereads its operations up to a seq.

    Every method raises ``ArchiveBrokenError``.
    """

    read_again: Callable[[int], Iterator[Operation]]
    header: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str | None] | None = None
    replay: Replay = field(init=False)
    files: FileValidator = field(default_factory=FileValidator)
    #: Of a compacted log: its compaction point, and the last compacted operation so far.
    point: CompactionPoint | None = None
    _compacted_seq: int = 0
    _is_compacted: bool = False
    _quarantined_seqs: set[int | None] = field(default_factory=set)
    _unique_ids: set[str] = field(default_factory=set)
    _numbers: set[int] = field(default_factory=set)
    _authors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.replay = Replay(self.read_again)

    @property
    def document_id(self) -> str:
        """Return the document's id in the archive."""
        return str(self.header["id"])

    def add(self, kind: str, body: Any) -> None:
        """Check the next line."""
        if kind == "header":
            self.header = _header(body)
            self._is_compacted = body["version"] == VERSION_COMPACTED
        elif kind == "authors":
            self.names = _names(body)
        elif kind == "quarantined":
            kept = ArchiveDecoder(self.document_id).decode_quarantined(body)
            self._quarantined_seqs.add(kept.seq)
            self._authors.add(kept.author_id)
        elif kind == "operation":
            self._add_operation(ArchiveDecoder(self.document_id).decode_operation(body))
        elif kind == "beginning":
            self._add_compaction_point(
                ArchiveDecoder(self.document_id).decode_compaction_point(body)
            )
        elif kind == "packed":
            self._add_compacted(ArchiveDecoder(self.document_id).decode_compacted(body))
        elif kind == "version":
            self._add_version(body)
        elif kind == FILE:
            self.files.add_file(body)
        elif kind == FILE_DATA:
            self.files.add_data(body)
        else:
            raise ArchiveBrokenError(f"There is a line of an unknown kind: {kind!r}.")

    def result(self) -> tuple[dict[str, Any], dict[str, str | None]]:
        """Return header and authors, once all lines are added."""
        self.files.end()
        if self.names is None or (self._authors | self.files.author_ids) - self.names.keys():
            raise ArchiveBrokenError("The file does not name all authors.")
        self._check_log_start()
        return self.header, self.names

    def _check_log_start(self) -> None:
        """Raise unless replay and compacted operations meet at the compaction point."""
        start = self.point.seq if self.point else 0
        if self._is_compacted != (self.point is not None):
            raise ArchiveBrokenError(
                "The file has no compaction point, or one that its version does not allow."
            )
        if self._compacted_seq != start or self.replay.start.seq != start:
            raise ArchiveBrokenError(
                f"The log begins after operation {start}, the state before it is of "
                f"{self.replay.start.seq}, and the packed operations end at {self._compacted_seq}."
            )

    def _add_compaction_point(self, point: CompactionPoint) -> None:
        if not self._is_compacted or self.point or self.replay.seq or self._numbers:
            raise ArchiveBrokenError("The compaction point is not at the start of the log.")
        self.point = point

    def _add_compacted(self, operation: CompactedOperation) -> None:
        if operation.seq != self._compacted_seq + 1:
            raise ArchiveBrokenError(
                f"Packed operation {operation.seq} stands where {self._compacted_seq + 1} belongs."
            )
        self._compacted_seq = operation.seq
        self._add_unique_id(operation)

    def _add_unique_id(self, operation: Operation | CompactedOperation) -> None:
        if operation.unique_id in self._unique_ids:
            raise ArchiveBrokenError(
                f"Operation {operation.seq} has the unique id of another operation."
            )
        self._unique_ids.add(operation.unique_id)
        self._authors.add(operation.author_id)

    def _add_operation(self, operation: Operation) -> None:
        name = f"Operation {operation.seq}"
        if operation.seq != self.replay.seq + 1:
            raise ArchiveBrokenError(f"{name} stands where {self.replay.seq + 1} belongs.")
        self._add_unique_id(operation)
        error = self.replay.apply(operation)
        if error is not None and operation.seq not in self._quarantined_seqs:
            raise ArchiveBrokenError(f"{name} cannot be applied: {error.message}")
        if not self.replay.matches_vector(operation.version_vector):
            raise ArchiveBrokenError(f"{name} does not have the version vector of its replay.")

    def _add_version(self, body: Any) -> None:
        version = ArchiveDecoder(self.document_id).decode_version(body)
        name = f"Version {version.number}"
        if version.number in self._numbers:
            raise ArchiveBrokenError(f"{name} is there twice.")
        self._numbers.add(version.number)
        self._authors.update(version.author_ids)
        is_before = self.point is not None and not self.replay.start.seq
        fault = version_fault(version, None if is_before else self.replay.snapshot())
        if fault is not None:
            raise ArchiveBrokenError(f"{name} is not what the log makes: {fault.text}")
        if is_before:
            self._start_replay(version)

    def _start_replay(self, version: Version) -> None:
        """Start the replay from a version, if it is that of the compaction point."""
        point = self.point
        if point is None or version.number != point.number:
            return
        start = Snapshot.decode(version.blob)
        if (start.seq, start.version_vector) != (point.seq, point.version_vector):
            raise ArchiveBrokenError(f"Version {point.number} is not that of the compaction point.")
        self.replay.close()
        self.replay = Replay(self.read_again, start)


def _header(body: Any) -> dict[str, Any]:
    """Return the document's part of the header. Raises ``ArchiveBrokenError``."""
    return decoded("header", lambda: _document(body["document"]))


def _document(document: dict[str, Any]) -> dict[str, Any]:
    for name in ("id", "title", "lineage"):
        if not isinstance(document[name], str):
            raise TypeError(f"{name} is no text")
    if not is_id(document["id"]):
        raise ValueError(f"{document['id']!r} is no document's id")
    if not isinstance(document["owner"], str | None):
        raise TypeError("owner is no name")
    for name in ("created_at", "updated_at"):
        decode_datetime(document[name])
    if document["trashed_at"] is not None:
        decode_datetime(document["trashed_at"])
    if "history" in document:  # older files have none
        decode_history(document["history"])
    return document


def _names(body: Any) -> dict[str, str | None]:
    if not isinstance(body, dict) or not all(isinstance(x, str | None) for x in body.values()):
        raise ArchiveBrokenError("The authors are not names.")
    return body
