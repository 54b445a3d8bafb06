"""A document's file held against itself: one pass over its lines, and nothing is written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from apps.core.ids import is_id
from apps.history.snapshot import Snapshot
from apps.history.version import Version
from apps.maintenance.archive.codec import ArchiveDecoder, checked, history_read, moment
from apps.maintenance.archive.file import VERSION_COMPACTED, ArchiveBrokenError
from apps.maintenance.integrity.log_replay import Replay
from apps.maintenance.integrity.snapshot_check import version_fault
from apps.oplog.compacted_operations import CompactedOperation
from apps.oplog.compaction_point import CompactionPoint
from apps.oplog.operation import Operation


@dataclass(slots=True)
class ArchiveValidator:
    """Takes a file's lines in their order. ``again`` gives its operations up to a seq once more.

    Every method raises ``ArchiveBrokenError``.
    """

    again: Callable[[int], Iterator[Operation]]
    header: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str | None] | None = None
    replay: Replay = field(init=False)
    #: Of a compacted log, where it begins, and the last operation that is packed.
    beginning: CompactionPoint | None = None
    _packed: int = 0
    _is_compacted: bool = False
    _aside: set[int | None] = field(default_factory=set)
    _unique_ids: set[str] = field(default_factory=set)
    _numbers: set[int] = field(default_factory=set)
    _authors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.replay = Replay(self.again)

    @property
    def document_id(self) -> str:
        """Return the document's id in the file."""
        return str(self.header["id"])

    def take(self, kind: str, body: Any) -> None:
        """Take the next line."""
        if kind == "header":
            self.header = _header(body)
            self._is_compacted = body["version"] == VERSION_COMPACTED
        elif kind == "authors":
            self.names = _names(body)
        elif kind == "quarantined":
            kept = ArchiveDecoder(self.document_id).quarantined(body)
            self._aside.add(kept.seq)
            self._authors.add(kept.author_id)
        elif kind == "operation":
            self._take_operation(ArchiveDecoder(self.document_id).operation(body))
        elif kind == "beginning":
            self._take_beginning(ArchiveDecoder(self.document_id).beginning(body))
        elif kind == "packed":
            self._take_packed(ArchiveDecoder(self.document_id).packed(body))
        elif kind == "version":
            self._take_version(body)
        else:
            raise ArchiveBrokenError(f"There is a line of an unknown kind: {kind!r}.")

    def result(self) -> tuple[dict[str, Any], dict[str, str | None]]:
        """Return header and authors when all lines are there."""
        if self.names is None or self._authors - self.names.keys():
            raise ArchiveBrokenError("The file does not name all authors.")
        self._check_beginning()
        return self.header, self.names

    def _check_beginning(self) -> None:
        """Raise unless the log begins with the state, and right behind the last that is packed."""
        begun = self.beginning.seq if self.beginning else 0
        if self._is_compacted != (self.beginning is not None):
            raise ArchiveBrokenError("The file does not say where the log begins.")
        if self._packed != begun or self.replay.start.seq != begun:
            raise ArchiveBrokenError(
                f"The log begins after operation {begun}, the state before it is of "
                f"{self.replay.start.seq}, and what is packed ends at {self._packed}."
            )

    def _take_beginning(self, base: CompactionPoint) -> None:
        if not self._is_compacted or self.beginning or self.replay.seq or self._numbers:
            raise ArchiveBrokenError("The log begins where no log begins.")
        self.beginning = base

    def _take_packed(self, operation: CompactedOperation) -> None:
        if operation.seq != self._packed + 1:
            raise ArchiveBrokenError(
                f"Packed operation {operation.seq} stands where {self._packed + 1} belongs."
            )
        self._packed = operation.seq
        self._take_name(operation)

    def _take_name(self, operation: Operation | CompactedOperation) -> None:
        if operation.unique_id in self._unique_ids:
            raise ArchiveBrokenError(
                f"Operation {operation.seq} has a unique id that another one has."
            )
        self._unique_ids.add(operation.unique_id)
        self._authors.add(operation.author_id)

    def _take_operation(self, operation: Operation) -> None:
        place = f"Operation {operation.seq}"
        if operation.seq != self.replay.seq + 1:
            raise ArchiveBrokenError(f"{place} stands where {self.replay.seq + 1} belongs.")
        self._take_name(operation)
        error = self.replay.take(operation)
        if error is not None and operation.seq not in self._aside:
            raise ArchiveBrokenError(f"{place} cannot be applied: {error.message}")
        if not self.replay.has_vector(operation.version_vector):
            raise ArchiveBrokenError(f"{place} has not the version vector of its replay.")

    def _take_version(self, body: Any) -> None:
        version = ArchiveDecoder(self.document_id).version(body)
        place = f"Version {version.number}"
        if version.number in self._numbers:
            raise ArchiveBrokenError(f"{place} is there twice.")
        self._numbers.add(version.number)
        self._authors.update(version.author_ids)
        is_before = self.beginning is not None and not self.replay.start.seq
        fault = version_fault(version, None if is_before else self.replay.snapshot())
        if fault is not None:
            raise ArchiveBrokenError(f"{place} is not what the log makes: {fault.text}")
        if is_before:
            self._begin(version)

    def _begin(self, version: Version) -> None:
        """Begin the replay with a version, if it is the one that the log begins with."""
        base = self.beginning
        if base is None or version.number != base.number:
            return
        start = Snapshot.unpack(version.packed)
        if (start.seq, start.version_vector) != (base.seq, base.version_vector):
            raise ArchiveBrokenError(f"Version {base.number} is not what the log begins with.")
        self.replay.close()
        self.replay = Replay(self.again, start)


def _header(body: Any) -> dict[str, Any]:
    """Return what the header says of the document. Raises ``ArchiveBrokenError``."""
    return checked("header", lambda: _document(body["document"]))


def _document(said: dict[str, Any]) -> dict[str, Any]:
    for name in ("id", "title", "lineage"):
        if not isinstance(said[name], str):
            raise TypeError(f"{name} is no text")
    if not is_id(said["id"]):
        raise ValueError(f"{said['id']!r} is no document's id")
    if not isinstance(said["owner"], str | None):
        raise TypeError("owner is no name")
    for name in ("created_at", "updated_at"):
        moment(said[name])
    if said["trashed_at"] is not None:
        moment(said["trashed_at"])
    if "history" in said:  # older files have none
        history_read(said["history"])
    return said


def _names(body: Any) -> dict[str, str | None]:
    if not isinstance(body, dict) or not all(isinstance(x, str | None) for x in body.values()):
        raise ArchiveBrokenError("The authors are not names.")
    return body
