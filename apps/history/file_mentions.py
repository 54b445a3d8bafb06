"""Where the log and the versions of a document mention its files (ADR 0020).

Ids are looked for in the bytes, not in the content: what is deleted can be shown and undone too.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from apps.attachments.selectors import file_ids_in
from apps.core.mongo import equal
from apps.history.models import version_rows
from apps.history.snapshot import Snapshot
from apps.oplog.compaction_point import log_first_seq
from apps.oplog.quarantine import quarantine_iter
from apps.oplog.selectors import operations_iter


@dataclass(slots=True)
class Mentions:
    """By the id of a file: the last operation, and a version, that mention it.

    ``quarantined`` are the ids in operations and edits that may be released, discarded or not.
    """

    seqs: dict[str, int] = field(default_factory=dict)
    #: The last operation that was searched.
    searched_seq: int = 0
    versions: dict[str, int] = field(default_factory=dict)
    quarantined: set[str] = field(default_factory=set)

    @property
    def found(self) -> set[str]:
        """Return the ids that anything mentions."""
        return self.quarantined.union(self.seqs, self.versions)


def mentions_find(*, document_id: str, file_ids: AbstractSet[str]) -> Mentions:
    """Search everything that history can show or undo for some files.

    That is the log from the compaction point on, each version (of which the compaction point's is
    one) and the quarantine. The present state comes of these. Raises ``SnapshotDamagedError`` for a
    version that cannot be searched, ``LogGapError``, and ``CompactedError`` when the compaction
    point moves meanwhile.
    """
    mentions = Mentions()
    # In this order: what moves meanwhile, it moves towards what is read later. Operations that are
    # compacted and deleted meanwhile are an error.
    after = log_first_seq(document_id=document_id) - 1
    for kept in quarantine_iter(document_id=document_id, with_discarded=True):
        mentions.quarantined |= file_ids & file_ids_in(kept.update)
    wanted = {"_id": 0, "number": 1, "snapshot": 1}
    for row in version_rows().find({"document_id": equal(document_id)}, wanted).batch_size(1):
        state = Snapshot.decode(bytes(row.get("snapshot") or b"")).state
        for file_id in file_ids & file_ids_in(state):
            mentions.versions[file_id] = row["number"]
    mentions.searched_seq = after
    for operation in operations_iter(document_id=document_id, after=after):
        mentions.searched_seq = operation.seq
        for file_id in file_ids & file_ids_in(operation.update):
            mentions.seqs[file_id] = operation.seq
    return mentions


def is_mentioned_after(seq: int, *, document_id: str, file_id: str) -> bool:
    """Return whether an operation after one mentions a file."""
    operations = operations_iter(document_id=document_id, after=seq)
    return any(file_id in file_ids_in(operation.update) for operation in operations)
