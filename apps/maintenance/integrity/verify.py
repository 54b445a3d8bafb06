"""The report of an integrity check; nothing is written."""

from collections import Counter
from dataclasses import dataclass, field

from apps.history.compaction_point import CompactionSnapshotLostError
from apps.maintenance.integrity.document_check import DocumentCheck, OnProgress
from apps.maintenance.integrity.faults import Fault
from apps.maintenance.integrity.file_check import files_check
from apps.maintenance.integrity.log_replay import replayed
from apps.maintenance.selectors import stored_check
from apps.oplog.compaction_point import compaction_point_find
from apps.oplog.document_quarantine import DocumentQuarantinedError
from apps.oplog.quarantine import quarantine_iter

#: Faults of one code that are listed; the others are only counted.
MAX_LISTED = 20


@dataclass(slots=True)
class FaultList:
    """Faults, up to ``MAX_LISTED`` of each code, and their number by code."""

    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, fault: Fault) -> None:
        """Add a fault, without its repair, which may hold a whole snapshot."""
        self.counts[fault.code] += 1
        if self.counts[fault.code] <= MAX_LISTED:
            self.faults.append(Fault(fault.code, fault.text, fault.repair_text))

    @property
    def unlisted(self) -> dict[str, int]:
        """Return the number of faults that are not listed, by code."""
        return {
            code: count - MAX_LISTED for code, count in self.counts.items() if count > MAX_LISTED
        }


@dataclass(slots=True)
class Report:
    """The extent of a check, its faults and its notes."""

    document_id: str
    operations: int = 0
    versions: int = 0
    files: int = 0
    found: FaultList = field(default_factory=FaultList)
    notes: list[str] = field(default_factory=list)


def document_verify(*, document_id: str, on_progress: OnProgress) -> Report:
    """Check one document. Raises ``DocumentNotFoundError``, and ``PyMongoError``."""
    stored_check(document_id)
    report = Report(document_id)
    report.files = files_check(document_id=document_id, on_fault=report.found.add)
    try:
        with replayed(document_id) as replay:
            check = DocumentCheck(replay, report.found.add, on_progress)
            check.run()
            report.operations = replay.seq
    except (CompactionSnapshotLostError, DocumentQuarantinedError) as err:
        report.found.add(Fault(err.code, err.message))
        return report
    report.versions = check.versions
    report.notes = [*check.notes, *_quarantine_notes(document_id), *_compaction_notes(document_id)]
    return report


def _compaction_notes(document_id: str) -> list[str]:
    point = compaction_point_find(document_id=document_id)
    if point is None:
        return []
    return [
        f"compacted: the log begins at operation {point.first_seq}, with version {point.number}"
    ]


def _quarantine_notes(document_id: str) -> list[str]:
    notes = []
    for kept in quarantine_iter(document_id=document_id, with_discarded=True):
        subject = "an edit" if kept.seq is None else f"operation {kept.seq}"
        word = "discarded" if kept.discarded else "in quarantine"
        notes.append(f"{word}: {subject} ({kept.reason}: {kept.detail})")
    return notes
