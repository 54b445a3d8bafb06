"""Everything that is stored of a document held against its log, in one pass over that.

Each snapshot is looked at when the replay comes to its seq. Nothing is written here: who listens
to the faults decides whether they are put right (``verify``, ``rebuild``).
"""

import time
from collections.abc import Callable

from redis.exceptions import RedisError

from apps.core.errors import AppError
from apps.crdt.codec.vectors import encode_vector
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

#: How often a head that does not meet the end of the log is looked at again, and after how long
#: (seconds) one that is behind it: a commit writes the log first.
HEAD_CHECK_ATTEMPTS = 5
HEAD_CHECK_PAUSE_S = 0.1
#: Operations between two words of progress.
PROGRESS_OPERATIONS = 10_000

#: Hears how many operations of a document have been replayed.
OnProgress = Callable[[str, int], None]


class DocumentCheck:
    """The check of one document. It may be edited meanwhile."""

    def __init__(self, replay: LogReplay, on_fault: OnFault, on_progress: OnProgress) -> None:
        self.notes: list[str] = []
        self.versions = 0
        self._document_id = replay.document_id
        self._replay = replay
        self._on_fault = on_fault
        self._on_progress = on_progress
        self._quarantined = quarantined_seqs(document_id=self._document_id)
        #: Numbers of the versions to be looked at, by seq.
        self._versions_by_seq: dict[int, list[int]] = {}
        self._cached: bytes | None = None
        #: The seq of the cached snapshot; -1 when there is none, or none that can be read.
        self._cached_seq = -1

    def run(self) -> None:
        """Look at everything. Raises ``PyMongoError`` when the store is away."""
        # What may only be behind the log is read before it, what may only be ahead after it.
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
        except LogGapError:  # told already
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
        """Find out which snapshots there are, and at which seq each is to be looked at."""
        for seq, number in version_infos(document_id=self._document_id):
            self._versions_by_seq.setdefault(seq, []).append(number)
            self.versions += 1
        try:
            self._cached = snapshot_find(document_id=self._document_id)
        except RedisError as err:
            self.notes.append(f"Redis is away, its snapshot was not looked at: {err}")
        if self._cached is not None:
            try:
                self._cached_seq = Snapshot.unpack(self._cached).seq
            except SnapshotDamagedError:
                self._cached_seq = -1

    def _check_compacted(self) -> None:
        """Look at what is older than a compacted log, which says nothing of it."""
        begun = self._replay.start.seq
        for seq in [seq for seq in self._versions_by_seq if seq < begun]:
            for number in self._versions_by_seq.pop(seq):
                self._check_version(number, None if seq else EMPTY)
        if 0 <= self._cached_seq < begun:
            self._cached = None  # it has been read, and is only old

    def _replay_log(self) -> None:
        """Replay what comes next in the log, to its end."""
        for operation, error in self._replay.steps():
            if error is not None and operation.seq not in self._quarantined:
                self._quarantined.add(operation.seq)
                self._report_not_applicable(operation, error)
            if not self._replay.matches_vector(operation.version_vector):
                self._report_vector(operation.seq)
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

    def _report_vector(self, seq: int) -> None:
        expected = encode_vector(self._replay.loaded.vector)
        text = f"The version vector beside operation {seq} is not that of the replay."
        self._on_fault(
            Fault("operation_vector", text).repaired_by(
                lambda: vectors_amend(document_id=self._document_id, vectors=[(seq, expected)]),
                "It gets that of the replay.",
            )
        )

    def _check_snapshots(self) -> None:
        """Look at the snapshots of this moment."""
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
                lambda: version_repair(version, expected), f"It is made anew, at {expected.seq}."
            )
        self._on_fault(fault)

    def _report_cached(self, fault: Fault, expected: Snapshot | None) -> None:
        fault = fault.named("The snapshot in Redis", "cache")
        if expected is not None:
            fault = fault.repaired_by(
                lambda: _replace_cached(self._document_id, expected),
                f"It is made anew, at {expected.seq}.",
            )
        self._on_fault(fault)

    def _check_unreached(self, *, whole: bool) -> None:
        """Look at the snapshots of operations that the replay did not come to."""
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
        """Return the head where it meets the replay, or when it does not come there."""
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
