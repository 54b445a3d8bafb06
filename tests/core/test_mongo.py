"""Access to MongoDB: how durable each collection is (ADR 0009), and bulk updates in chunks."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from mongoengine.connection import get_db
from pymongo import ReadPreference, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from apps.core import ids
from apps.core.mongo import UPDATES_PER_COMMAND, Rows, bulk_update
from apps.documents.models import document_rows
from apps.history.last_processed import processed_rows
from apps.history.models import version_rows
from apps.oplog.models import (
    compacted_rows,
    compaction_point_rows,
    lock_rows,
    operation_rows,
    quarantine_rows,
)
from tests.support.commands import asked

pytestmark = pytest.mark.django_db


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
def test_collection_that_must_not_be_rolled_back_is_durable(
    rows: Callable[[], Collection[dict[str, Any]]],
) -> None:
    """Writes and reads at a majority; and the server accepts both."""
    collection = rows()
    assert collection.write_concern.document == {"w": "majority", "j": True}
    assert collection.read_concern.level == "majority"
    assert collection.read_preference == ReadPreference.PRIMARY
    assert collection.find_one({"_id": "nobody"}) is None


@pytest.mark.parametrize("rows", [document_rows, processed_rows])
def test_collection_that_can_be_rebuilt_has_the_servers_own_concerns(
    rows: Callable[[], Collection[dict[str, Any]]],
) -> None:
    """A head and a mark that are lost with a primary are made again from the log."""
    assert rows().write_concern.is_server_default
    assert rows().read_concern.level is None


@pytest.fixture
def counters() -> Iterator[Rows]:
    """Return an empty collection that no model has."""
    rows: Rows = get_db()["counters_" + ids.new_id().replace("-", "_")]
    yield rows
    rows.drop()


def _upsert(number: int, *, below: int) -> UpdateOne:
    """Return an update to ``below`` of a counter that is less; of one that is not, an insert."""
    return UpdateOne(
        {"_id": number, "count": {"$lt": below}}, {"$set": {"count": below}}, upsert=True
    )


def _counts(rows: Rows) -> dict[int, int]:
    return {row["_id"]: row["count"] for row in rows.find()}


def test_bulk_of_more_updates_than_one_command_has_is_sent_in_several(counters: Rows) -> None:
    """All updates are made; some Mongo dialects hang on larger commands."""
    count = 2 * UPDATES_PER_COMMAND + 1
    with asked() as seen:
        bulk_update(counters, (_upsert(number, below=1) for number in range(count)))
    assert seen.commands == ["update"] * 3
    assert _counts(counters) == dict.fromkeys(range(count), 1)


def test_bulk_of_no_updates_sends_no_command(counters: Rows) -> None:
    """The driver refuses an empty bulk."""
    with asked() as seen:
        bulk_update(counters, [])
    assert seen.commands == []


@pytest.mark.parametrize("ordered", [False, True])
def test_bulk_with_a_duplicate_key_raises(counters: Rows, *, ordered: bool) -> None:
    """Unless the caller expects it."""
    bulk_update(counters, [_upsert(0, below=5)])
    with pytest.raises(BulkWriteError):
        bulk_update(counters, [_upsert(0, below=3), _upsert(1, below=3)], ordered=ordered)
    assert _counts(counters) == ({0: 5} if ordered else {0: 5, 1: 3})


def test_bulk_that_ignores_duplicate_keys_makes_the_other_updates(counters: Rows) -> None:
    """Those of the same command, and those of the commands after it."""
    bulk_update(counters, [_upsert(0, below=5)])
    updates = [_upsert(number, below=3) for number in range(UPDATES_PER_COMMAND + 1)]
    bulk_update(counters, updates, ignore_duplicate_keys=True)
    assert _counts(counters) == {0: 5, **dict.fromkeys(range(1, UPDATES_PER_COMMAND + 1), 3)}


class _RefusingRows:
    """A collection whose server refuses every update for a rule of its own."""

    def bulk_write(self, updates: list[UpdateOne], *, ordered: bool) -> None:
        """Raise as the driver does."""
        raise BulkWriteError({"writeErrors": [{"index": 0, "code": 121}]})


def test_bulk_that_ignores_duplicate_keys_raises_other_errors() -> None:
    """An update that the server refuses is never passed over."""
    rows = cast("Rows", _RefusingRows())
    with pytest.raises(BulkWriteError):
        bulk_update(rows, [_upsert(0, below=5)], ignore_duplicate_keys=True)
