"""Authorship: the author and the time of each piece of a document's text.

Taken from the log, whose authors are authenticated; what clients claim about authors is not used.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from apps.crdt.analysis.attribution import attributed_texts
from apps.history.attribution import AttributionIndex, Origin, attribution_load
from apps.history.conversions import conversion_run
from apps.history.recovery import document_read, document_read_at, state_of
from apps.oplog.selectors import head_seq

#: Id ranges of one author that were received within this time are joined.
CLIENT_RUN_MAX_GAP = timedelta(minutes=1)


@dataclass(slots=True)
class ClientRun:
    """Ids of one client from clock ``first`` to before ``end``, of one author and a short time."""

    client: int
    first: int
    end: int
    author_id: str
    received_at: datetime


class AttributedText(NamedTuple):
    """A piece of text that one operation inserted first."""

    text: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Authorship:
    """The text of a document after operation ``seq``, in document order, with its authors.

    ``texts`` and ``op_indexes`` have one entry for each piece: its text, and the index of its
    operation in ``index``. Columns, because a long document has tens of thousands of pieces.
    """

    seq: int
    texts: list[str]
    op_indexes: list[int]
    index: AttributionIndex

    @property
    def author_ids(self) -> set[str]:
        """Return the authors of all pieces."""
        return {self.index.author_ids[op_index] for op_index in self.op_indexes}

    @property
    def pieces(self) -> list[AttributedText]:
        """Return the pieces one by one."""
        origins = map(self.index.origin, self.op_indexes)
        return list(map(AttributedText, self.texts, origins))


def document_authorship(*, document_id: str, lineage: str, seq: int | None = None) -> Authorship:
    """Return the authorship of a document after operation ``seq``, at present when it is None.

    Raises ``SeqNotFoundError``, ``LogGapError``, and as ``conversion_run`` does.
    """
    if seq is None:
        loaded = document_read(document_id=document_id)
    else:
        loaded = document_read_at(document_id=document_id, seq=seq)
    state = state_of(loaded, document_id=document_id)
    loaded.engine.close()
    index = attribution_load(document_id=document_id, lineage=lineage, up_to=loaded.seq)
    texts, op_indexes = conversion_run(
        attributed_texts, state, index.writers_by_client().__getitem__
    )
    return Authorship(loaded.seq, texts, op_indexes, index)


def client_runs(*, document_id: str, lineage: str, after: int = 0) -> tuple[int, list[ClientRun]]:
    """Return the last seq of a log, and the authors of the ids inserted after operation ``after``.

    For clients that hold the document itself, whose structs have these ids. Raises
    ``LogGapError``.
    """
    seq = head_seq(document_id=document_id)
    index = attribution_load(document_id=document_id, lineage=lineage, up_to=seq)
    runs: list[ClientRun] = []
    for client, range_first, range_end, _ in index.inserted_after(after):
        for first, end, op_index in index.writers(client, range_first, range_end - range_first):
            origin = index.origin(op_index)
            run = ClientRun(client, first, end, origin.author_id, origin.received_at)
            if not runs or not _continues(runs[-1], run):
                runs.append(run)
                continue
            runs[-1].end, runs[-1].received_at = run.end, run.received_at
    return seq, runs


def _continues(run: ClientRun, following: ClientRun) -> bool:
    return (run.client, run.end, run.author_id) == (
        following.client,
        following.first,
        following.author_id,
    ) and abs(following.received_at - run.received_at) < CLIENT_RUN_MAX_GAP
