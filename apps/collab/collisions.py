"""Collisions of edits that are not in the log yet with operations that came before them. Pure."""

from collections.abc import Iterator, Sequence

from apps.collab.submission import Draft
from apps.crdt.codec.update_reader import read_update
from apps.history.client_owners import ClientOwners
from apps.oplog.operation import Operation


def collide(drafts: Sequence[Draft], operations: Sequence[Operation], owners: ClientOwners) -> bool:
    """Return whether drafts use client ids of others, or ids that operations have too.

    ``owners`` are those after the operations.
    """
    ours: dict[int, tuple[int, int]] = {}
    for draft in drafts:
        for client, runs in _ranges_of(draft):
            if owners.get(client, draft.author.user_id) != draft.author.user_id:
                return True
            first, end = ours.get(client, runs[0])
            ours[client] = min(first, runs[0][0]), max(end, runs[-1][1])
    for operation in operations:
        for client, runs in read_update(operation.update).ranges.items():
            first, end = ours.get(client, (0, 0))
            if runs[0][0] < end and first < runs[-1][1]:
                return True
    return False


def _ranges_of(draft: Draft) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
    for submission in draft.submissions:
        yield from submission.header.ranges.items()
