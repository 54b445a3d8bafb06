"""Ordered writes to several collections in one command, on the real server."""

from collections.abc import Iterator
from typing import Any

import pytest
from mongoengine.connection import get_db
from pymongo.errors import OperationFailure

from apps.core import ids
from apps.core.mongo import DUPLICATE_KEY
from apps.core.mongo_bulk_write import COMMAND_BYTES, bulk_write, has_bulk_write, insert, update
from tests.support.commands import asked

#: Three of these need two commands.
LARGE = bytes(COMMAND_BYTES * 2 // 5)


@pytest.fixture
def rows() -> Iterator[Any]:
    """Return a collection with a unique number, which is dropped afterwards."""
    collection = get_db()[f"rows_{ids.new_id().replace('-', '')}"]
    collection.create_index("number", unique=True)
    yield collection
    collection.drop()


def names(rows: Any) -> list[str]:
    """Return the full name of the collection, as the only one."""
    return [f"{rows.database.name}.{rows.name}"]


def row(number: int, value: bytes = b"") -> Any:
    """Return the insert of a row."""
    return insert(0, {"number": number, "value": value}, size_bytes=len(value))


def test_writes_are_done_in_order(rows: Any) -> None:
    """An update finds what the insert before it has written."""
    client = rows.database.client
    assert has_bulk_write(client)
    change = update(0, {"number": 1}, {"$set": {"value": b"b"}}, size_bytes=1)
    assert bulk_write(client, names(rows), [row(1, b"a"), change, row(2)]) is None
    found = {found["number"]: found["value"] for found in rows.find()}
    assert found == {1: b"b", 2: b""}


@pytest.mark.django_db
def test_writes_that_are_too_large_for_one_command_take_several(rows: Any) -> None:
    """Each with as many as fit."""
    with asked() as found:
        writes = [row(number, LARGE) for number in range(3)]
        assert bulk_write(rows.database.client, names(rows), writes) is None
    assert found.commands == ["bulkWrite", "bulkWrite"]
    assert rows.count_documents({"value": LARGE}) == 3


def test_refused_write_is_found_by_its_index_and_ends_the_rest(rows: Any) -> None:
    """Also in the second command."""
    rows.insert_one({"number": 3})
    writes = [row(number, LARGE) for number in range(6)]
    error = bulk_write(rows.database.client, names(rows), writes)
    assert error is not None
    assert (error["idx"], error["code"]) == (3, DUPLICATE_KEY)
    assert sorted(found["number"] for found in rows.find()) == [0, 1, 2, 3]


def test_command_that_fails_raises() -> None:
    """A namespace that is none."""
    with pytest.raises(OperationFailure):
        bulk_write(get_db().client, [".."], [row(1)])
