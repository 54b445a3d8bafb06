"""The order of insertions and deletions as plain data, which a child process gets."""

import pickle

from apps.crdt.edits.duplicate_inserts import InsertionOrder
from apps.crdt.ids.id_ranges import IdRanges


def test_copy_comes_after_the_deletion_of_its_original() -> None:
    """By the indexes of their operations; unknown ids come after nothing."""
    deleted = IdRanges()
    deleted.add(0, 3, 1)
    order = InsertionOrder({1: ([5, 9], [0, 2])}, {1: deleted})
    again: InsertionOrder = pickle.loads(pickle.dumps(order))  # noqa: S301 - our own
    for came_after in (order.came_after, again.came_after):
        assert came_after((1, 5), (1, 0))
        assert not came_after((1, 4), (1, 0))
        assert not came_after((1, 5), (1, 3))
        assert not came_after((1, 9), (1, 0))
        assert not came_after((2, 0), (1, 0))
        assert not came_after((1, 5), (2, 0))
