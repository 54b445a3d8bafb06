"""Who wrote each piece of a document's text, and when: by the log, not by what clients say."""

from dataclasses import dataclass

from apps.crdt.authorship import text_runs
from apps.history.clocks import Origin, clocks_of
from apps.history.recovery import document_load, moment_load, state_of


@dataclass(frozen=True, slots=True)
class AuthoredPiece:
    """Text that stands together and came with one operation."""

    text: str
    origin: Origin


def document_authorship(
    *, document_id: str, lineage: str, seq: int | None = None
) -> tuple[int, list[AuthoredPiece]]:
    """Return the pieces of the text at a moment, in document order, and the moment's seq.

    The present when ``seq`` is None. Raises ``SeqNotFoundError``, ``LogGapError``.
    """
    if seq is None:
        loaded = document_load(document_id=document_id)
    else:
        loaded = moment_load(document_id=document_id, seq=seq)
    state = state_of(loaded, document_id=document_id)
    loaded.engine.close()
    clocks = clocks_of(document_id=document_id, lineage=lineage, up_to=loaded.seq)
    pieces = [
        AuthoredPiece(run.text, clocks.origin(run.operation))
        for run in text_runs(state, clocks.places)
    ]
    return loaded.seq, pieces
