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
        self._aside = quarantined_seqs(document_id=self._document_id)
        #: Numbers of the versions to be looked at, by seq.
        self._stops: dict[int, list[int]] = {}
        self._cached: bytes | None = None
        #: The seq of the cached snapshot; -1 when there is none, or none that can be read.
        self._cached_seq = -1

    def run(self) -> None:
        """Look at everything. Raises ``PyMongoError`` when the store is away."""
        # What may only be behind the log is read before it, what may only be ahead after it.
        processed = processed_find(document_id=self._document_id)
        self._plan()
        for code, text in (
            *log_faults(document_id=self._document_id),
            *compacted_faults(document_id=self._document_id),
        ):
            self._on_fault(Fault(code, text))
        self._check_before()
        try:
            self._stop()
            self._follow()
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
            mark = processed_fault(processed, self._replay)
            if mark is not None:
                self._on_fault(mark)

    def _plan(self) -> None:
        """Find out which snapshots there are, and at which seq each is to be looked at."""
        for seq, number in version_infos(document_id=self._document_id):
            self._stops.setdefault(seq, []).append(number)
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

    def _check_before(self) -> None:
        """Look at what is older than a compacted log, which says nothing of it."""
        begun = self._replay.start.seq
        for seq in [seq for seq in self._stops if seq < begun]:
            for number in self._stops.pop(seq):
                self._check_version(number, None if seq else EMPTY)
        if 0 <= self._cached_seq < begun:
            self._cached = None  # it has been read, and is only old

    def _follow(self) -> None:
        """Replay what comes next in the log, to its end."""
        for operation, error in self._replay.steps():
            if error is not None and operation.seq not in self._aside:
                self._aside.add(operation.seq)
                self._tell_unfit(operation, error)
            if not self._replay.has_vector(operation.version_vector):
                self._tell_vector(operation.seq)
            self._stop()
            if operation.seq % PROGRESS_OPERATIONS == 0:
                self._on_progress(self._document_id, operation.seq)

    def _tell_unfit(self, operation: Operation, error: AppError) -> None:
        text = f"Operation {operation.seq} cannot be applied: {error.message}"
        self._on_fault(
            Fault("not_applicable", text).mended_by(
                lambda: operation_quarantine(operation, error), "It goes into quarantine."
            )
        )

    def _tell_vector(self, seq: int) -> None:
        right = encode_vector(self._replay.loaded.vector)
        text = f"The version vector beside operation {seq} is not that of the replay."
        self._on_fault(
            Fault("operation_vector", text).mended_by(
                lambda: vectors_amend(document_id=self._document_id, vectors=[(seq, right)]),
                "It gets that of the replay.",
            )
        )

    def _stop(self) -> None:
        """Look at the snapshots of this moment."""
        seq = self._replay.seq
        numbers = self._stops.pop(seq, [])
        if not numbers and seq != self._cached_seq:
            return
        right = self._replay.snapshot()
        for number in numbers:
            self._check_version(number, right)
        if seq == self._cached_seq:
            fault = blob_fault(self._cached or b"", right)
            self._cached = None
            if fault is not None:
                self._tell_cached(fault, right)

    def _check_version(self, number: int, right: Snapshot | None) -> None:
        version = version_find(document_id=self._document_id, number=number)
        fault = None if version is None else version_fault(version, right)
        if version is None or fault is None:
            return
        fault = fault.named(f"Version {number}", "version")
        if right is not None:
            fault = fault.mended_by(
                lambda: version_repair(version, right), f"It is made anew, at {right.seq}."
            )
        self._on_fault(fault)

    def _tell_cached(self, fault: Fault, right: Snapshot | None) -> None:
        fault = fault.named("The snapshot in Redis", "cache")
        if right is not None:
            fault = fault.mended_by(
                lambda: _renew_cached(self._document_id, right), f"It is made anew, at {right.seq}."
            )
        self._on_fault(fault)

    def _check_unreached(self, *, whole: bool) -> None:
        """Look at the snapshots of operations that the replay did not come to."""
        for seq, numbers in self._stops.items():
            for number in numbers:
                self._check_version(number, None)
                if whole:
                    fault = Fault("ahead", self._ahead(seq)).named(f"Version {number}", "version")
                    self._on_fault(fault)
        if self._cached is not None:
            damage = blob_fault(self._cached, None)
            if damage is None and whole:
                damage = Fault("ahead", self._ahead(self._cached_seq))
            if damage is not None:
                self._tell_cached(damage, self._replay.snapshot() if whole else None)

    def _ahead(self, seq: int) -> str:
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
                self._follow()
            else:
                break
            head = head_find(document_id=self._document_id)
        return head


def _renew_cached(document_id: str, right: Snapshot) -> None:
    snapshot_forget(document_id=document_id)
    snapshot_put(document_id=document_id, snapshot=right)
