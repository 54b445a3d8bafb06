"""Text that was written into what somebody else had deleted: it is in the log, and never shown.

Two people edit at one time, one deletes a paragraph, the other writes into it. Yjs lets the
deletion win, so the text is deleted with its parent, and no operation deletes its ids.
"""

from apps.crdt.codec.structs import Span
from apps.crdt.ids.id_ranges import NO_VALUE
from apps.crdt.ids.id_set import deleted_spans
from apps.history.attribution import AttributionIndex


def lost_spans(index: AttributionIndex, state: bytes) -> dict[int, list[Span]]:
    """Return the id ranges with text that are deleted in a whole state, and by no operation.

    By the index of the operation that inserted them. ``index`` has the log of the state.
    """
    found: dict[int, list[Span]] = {}
    for (client, clock), length in deleted_spans(state):
        for first, end, deleter in index.deleters(client, clock, length):
            if deleter != NO_VALUE:
                continue
            for begin, upto, inserter in index.inserters(client, first, end - first):
                if inserter != NO_VALUE and index.characters(client, begin, upto):
                    found.setdefault(inserter, []).append(((client, begin), upto - begin))
    return found
