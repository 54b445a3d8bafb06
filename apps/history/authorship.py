"""Who wrote each piece of a document's text, and when: by the log, not by what clients say."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from apps.crdt.analysis.attribution import text_runs
from apps.history.attribution import AttributionIndex, Origin, attribution_load
from apps.history.recovery import document_load, document_load_at, state_of
from apps.oplog.selectors import head_seq

#: What one author brought within so long is one run.
RUN_GAP = timedelta(minutes=1)


@dataclass(slots=True)
class ClientRun:
    """Clocks of one client, from the first to before the end, of one author and a short time."""

    client: int
    first: int
    end: int
    author_id: str
    received_at: datetime


class AttributedText(NamedTuple):
    """Text that stands together and came with one operation."""

    text: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Authorship:
    """The text of a document after operation ``seq``, in document order, and who wrote it.

    ``texts`` and ``places`` have one entry for each piece: its text, and the number that
    ``clocks`` has for its operation. Columns, for a long document has tens of thousands.
    """

    seq: int
    texts: list[str]
    places: list[int]
    clocks: AttributionIndex

    @property
    def author_ids(self) -> set[str]:
        """Return who wrote any of it."""
        return {self.clocks.author_ids[place] for place in self.places}

    @property
    def pieces(self) -> list[AttributedText]:
        """Return the pieces one by one."""
        origins = map(self.clocks.origin, self.places)
        return list(map(AttributedText, self.texts, origins))


def document_authorship(*, document_id: str, lineage: str, seq: int | None = None) -> Authorship:
    """Return who wrote the text of a moment, the present when ``seq`` is None.

    Raises ``SeqNotFoundError``, ``LogGapError``.
    """
    if seq is None:
        loaded = document_load(document_id=document_id)
    else:
        loaded = document_load_at(document_id=document_id, seq=seq)
    state = state_of(loaded, document_id=document_id)
    loaded.engine.close()
    clocks = attribution_load(document_id=document_id, lineage=lineage, up_to=loaded.seq)
    texts, places = text_runs(state, clocks.runs)
    return Authorship(loaded.seq, texts, places, clocks)


def client_runs(*, document_id: str, lineage: str, after: int = 0) -> tuple[int, list[ClientRun]]:
    """Return who brought which clocks after an operation, and up to which one.

    For whoever has the document itself, whose structs have clocks. Raises ``LogGapError``.
    """
    seq = head_seq(document_id=document_id)
    clocks = attribution_load(document_id=document_id, lineage=lineage, up_to=seq)
    runs: list[ClientRun] = []
    for client, first, end, place in clocks.brought_after(after):
        origin = clocks.origin(place)
        run = ClientRun(client, first, end, origin.author_id, origin.received_at)
        if not runs or not _goes_on(runs[-1], run):
            runs.append(run)
            continue
        runs[-1].end, runs[-1].received_at = run.end, run.received_at
    return seq, runs


def _goes_on(run: ClientRun, other: ClientRun) -> bool:
    return (run.client, run.end, run.author_id) == (
        other.client,
        other.first,
        other.author_id,
    ) and other.received_at - run.received_at < RUN_GAP
