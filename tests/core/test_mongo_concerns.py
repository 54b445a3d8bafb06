"""How durable each collection is (ADR 0009)."""

from collections.abc import Callable
from typing import Any

import pytest
from pymongo import ReadPreference
from pymongo.collection import Collection

from apps.history.models import version_rows
from apps.oplog.models import (
    compacted_rows,
    compaction_point_rows,
    lock_rows,
    operation_rows,
    quarantine_rows,
)


@pytest.mark.parametrize(
    "rows",
    [
        operation_rows,
        lock_rows,
        compacted_rows,
        compaction_point_rows,
        quarantine_rows,
        version_rows,
    ],
)
def test_what_must_not_be_taken_back_is_asked_for_at_a_majority(
    rows: Callable[[], Collection[dict[str, Any]]],
) -> None:
    """Written there and read from there; and the server takes both."""
    collection = rows()
    assert collection.write_concern.document == {"w": "majority", "j": True}
    assert collection.read_concern.level == "majority"
    assert collection.read_preference == ReadPreference.PRIMARY
    assert collection.find_one({"_id": "nobody"}) is None
