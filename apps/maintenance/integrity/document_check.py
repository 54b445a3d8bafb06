"""The integrity check of a document: everything that is stored is compared with its log.

One pass over the log; each snapshot is compared when the replay reaches its seq. Nothing is written
here: the receiver of the faults decides about their repair (``verify``, ``repair``).
"""

import time
from collections.abc import Callable

from redis.exceptions import RedisError

from apps.core.errors import AppError
from apps.documents.heads import StoredHead, head_find
from apps.history.last_processed import processed_find
from apps.history.selectors import version_find, version_infos
from apps.history.services import version_repair
from apps.history.snapshot import EMPTY, Snapshot, SnapshotDamagedError
from apps.history.snapshot_cache import snapshot_find, snapshot_forget, snapshot_put
from apps.maintenance.integrity.faults import Fault, OnFault
from apps.maintenance.integrity.log_replay import LogReplay, RowUnreadableError
from apps.maintenance.integrity.snapshot_check import blob_fault, version_fault
from apps.maintenance.integrity.watermark_check import head_faults, processed_fault
from apps.oplog.bulk import vectors_amend
from apps.oplog.compaction_point import compacted_faults
from apps.oplog.operation import Operation
from apps.oplog.quarantine import operation_quarantine, quarantined_seqs
from apps.oplog.selectors import LogGapError, log_faults, log_reaches

#: How often a head that differs from the end of the log is read again, and after which pause in
#: seconds one that is behind it: a commit writes the log first.
HEAD_CHECK_ATTEMPTS = 5
HEAD_CHECK_PAUSE_S = 0.1
#: Operations between two reports of progress.
PROGRESS_OPERATIONS = 10_000

#: Called with a document id and the number of operations that are replayed.
OnProgress = Callable[[str, int], None]


class DocumentCheck:
    """The check of one document, which may be edited meanwhile."""

    def __init__(self, replay: LogReplay, on_fault: OnFault, on_progress: OnProgress) -> None:
        self.notes: list[str] = []
        self.versions = 0
        self._document_id = replay.document_id
        self._replay = replay
        self._on_fault = on_fault
        self._on_progress = on_progress
        self._quarantined = quarantined_seqs(document_id=self._document_id)
        #: Numbers of the versions that are not checked yet, by seq.
        self._versions_by_seq: dict[int, list[int]] = {}
        self._cached: bytes | None = None
        #: The seq of the cached snapshot; -1 for none, and for one that cannot be read.
        self._cached_seq = -1

    def run(self) -> None:
        """Run the check. Raises ``PyMongoError`` when the store is unavailable."""
        # Read before the log, as it may be behind the log but not ahead; the head is read after it.
        processed = processed_find(document_id=self._document_id)
        self._find_snapshots()
        for code, text in (
            *log_faults(document_id=self._document_id),
            *compacted_faults(document_id=self._document_id),
        ):
            self._on_fault(Fault(code, text))
        self._check_compacted()
        try:
            self._check_snapshots()
            self._replay_log()
            head = self._settled_head()
        except LogGapError:  # reported by ``log_faults``
            self._check_unreached(whole=False)
        except RowUnreadableError as err:
            self._on_fault(Fault(err.code, err.message))
            self._check_unreached(whole=False)
        else:
            self._check_unreached(whole=True)
            for fault in head_faults(head, self._replay):
                self._on_fault(fault)
            watermark_fault = processed_fault(processed, self._replay)
            if watermark_fault is not None:
                self._on_fault(watermark_fault)

    def _find_snapshots(self) -> None:
        """Find the snapshots and the seq of each."""
        for seq, number in version_infos(document_id=self._document_id):
            self._versions_by_seq.setdefault(seq, []).append(number)
            self.versions += 1
        try:
            self._cached = snapshot_find(document_id=self._document_id)
        except RedisError as err:
            self.notes.append(f"Redis is unavailable, its snapshot was not checked: {err}")
        if self._cached is not None:
            try:
                self._cached_seq = Snapshot.decode(self._cached).seq
            except SnapshotDamagedError:
                self._cached_seq = -1

    def _check_compacted(self) -> None:
        """Check the snapshots from before the compaction point, without a replay."""
        begun = self._replay.start.seq
        for seq in [seq for seq in self._versions_by_seq if seq < begun]:
            for number in self._versions_by_seq.pop(seq):
                self._check_version(number, None if seq else EMPTY)
        if 0 <= self._cached_seq < begun:
            self._cached = None  # it can be read, and is only old

    def _replay_log(self) -> None:
        """Replay the rest of the log; check vectors and snapshots on the way."""
        for operation, error in self._replay.steps():
            if error is not None and operation.seq not in self._quarantined:
                self._quarantined.add(operation.seq)
                self._report_not_applicable(operation, error)
            if not self._replay.matches_vector(operation.version_vector):
                self._report_vector(operation)
            self._check_snapshots()
            if operation.seq % PROGRESS_OPERATIONS == 0:
                self._on_progress(self._document_id, operation.seq)

    def _report_not_applicable(self, operation: Operation, error: AppError) -> None:
        text = f"Operation {operation.seq} cannot be applied: {error.message}"
        self._on_fault(
            Fault("not_applicable", text).repaired_by(
                lambda: operation_quarantine(operation, error), "It goes into quarantine."
            )
        )

    def _report_vector(self, operation: Operation) -> None:
        seq, expected = operation.seq, self._replay.vector_of(operation)
        text = f"The version vector beside operation {seq} is not that of the replay."
        self._on_fault(
            Fault("operation_vector", text).repaired_by(
                lambda: vectors_amend(document_id=self._document_id, vectors=[(seq, expected)]),
                "It gets that of the replay.",
            )
        )

    def _check_snapshots(self) -> None:
        """Check the snapshots at the replay's seq."""
        seq = self._replay.seq
        numbers = self._versions_by_seq.pop(seq, [])
        if not numbers and seq != self._cached_seq:
            return
        expected = self._replay.snapshot()
        for number in numbers:
            self._check_version(number, expected)
        if seq == self._cached_seq:
            fault = blob_fault(self._cached or b"", expected)
            self._cached = None
            if fault is not None:
                self._report_cached(fault, expected)

    def _check_version(self, number: int, expected: Snapshot | None) -> None:
        version = version_find(document_id=self._document_id, number=number)
        fault = None if version is None else version_fault(version, expected)
        if version is None or fault is None:
            return
        fault = fault.named(f"Version {number}", "version")
        if expected is not None:
            fault = fault.repaired_by(
                lambda: version_repair(version, expected), f"It is rebuilt, at {expected.seq}."
            )
        self._on_fault(fault)

    def _report_cached(self, fault: Fault, expected: Snapshot | None) -> None:
        fault = fault.named("The snapshot in Redis", "cache")
        if expected is not None:
            fault = fault.repaired_by(
                lambda: _replace_cached(self._document_id, expected),
                f"It is rebuilt, at {expected.seq}.",
            )
        self._on_fault(fault)

    def _check_unreached(self, *, whole: bool) -> None:
        """Check the snapshots of operations that the replay did not reach."""
        for seq, numbers in self._versions_by_seq.items():
            for number in numbers:
                self._check_version(number, None)
                if whole:
                    fault = Fault("ahead", self._ahead_text(seq)).named(
                        f"Version {number}", "version"
                    )
                    self._on_fault(fault)
        if self._cached is not None:
            damage = blob_fault(self._cached, None)
            if damage is None and whole:
                damage = Fault("ahead", self._ahead_text(self._cached_seq))
            if damage is not None:
                self._report_cached(damage, self._replay.snapshot() if whole else None)

    def _ahead_text(self, seq: int) -> str:
        return f"It is of operation {seq}, the log ends at {self._replay.seq}."

    def _settled_head(self) -> StoredHead | None:
        """Return the head once it equals the end of the replay, or after the last attempt."""
        head = head_find(document_id=self._document_id)
        for _ in range(HEAD_CHECK_ATTEMPTS):
            if head is None or head.seq == self._replay.seq:
                break
            if head.seq < self._replay.seq:
                time.sleep(HEAD_CHECK_PAUSE_S)
            elif log_reaches(document_id=self._document_id, seq=head.seq):
                self._replay_log()
            else:
                break
            head = head_find(document_id=self._document_id)
        return head


def _replace_cached(document_id: str, expected: Snapshot) -> None:
    snapshot_forget(document_id=document_id)
    snapshot_put(document_id=document_id, snapshot=expected)
