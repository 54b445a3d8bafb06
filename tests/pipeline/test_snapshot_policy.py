"""When a snapshot is due. Pure."""

import pytest

from apps.pipeline.snapshot_policy import SnapshotPolicy, Unsaved

POLICY = SnapshotPolicy(operations=3, size_bytes=100, quiet_s=10)


@pytest.mark.parametrize(
    ("sizes", "at", "due"),
    [
        ([], 1000, False),
        ([1, 1], 0, False),
        ([1, 1, 1], 0, True),
        ([99], 0, False),
        ([100], 0, True),
        ([1], 9.9, False),
        ([1], 10, True),
    ],
)
def test_due_by_count_size_or_quiet_time(sizes: list[int], at: float, due: bool) -> None:
    """By the first limit that is reached; without new operations never."""
    unsaved = Unsaved()
    for size in sizes:
        unsaved.add(size, at=0)
    assert unsaved.is_due(POLICY, at=at) is due
