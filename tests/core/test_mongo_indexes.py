"""The indexes in MongoDB, on a database of their own."""

from collections.abc import Iterator

import pytest
from mongoengine.connection import get_connection, get_db

from apps.core import ids
from apps.core.mongo_indexes import (
    Index,
    IndexRefusedError,
    indexes_ensure,
    indexes_found,
    indexes_wanted,
)
from apps.oplog.models import operation_rows

LOG = "crdt_operations"
ARBITER = Index(LOG, ("document_id", "seq"), unique=True)


@pytest.fixture
def no_arbiter() -> Iterator[None]:
    """Drop the unique index on seqs; it is created again afterwards."""
    operation_rows()
    for name, found in get_db()[LOG].index_information().items():
        if tuple(field for field, _ in found["key"]) == ARBITER.fields:
            get_db()[LOG].drop_index(name)
    yield
    indexes_ensure()


def test_entities_declare_the_unique_indexes() -> None:
    """Three pairs of fields, each unique."""
    unique = {(index.collection, index.fields) for index in indexes_wanted() if index.unique}
    assert unique >= {
        (LOG, ("document_id", "seq")),
        (LOG, ("document_id", "unique_id")),
        ("document_versions", ("document_id", "number")),
    }


def test_missing_index_is_created_and_a_second_run_creates_none(no_arbiter: None) -> None:
    """Each is reported, with whether it is new."""
    assert ARBITER not in indexes_found(LOG)
    assert dict(indexes_ensure())[ARBITER]
    assert ARBITER in indexes_found(LOG)
    again = dict(indexes_ensure())
    assert set(again) == set(indexes_wanted())
    assert not any(again.values())


def test_index_that_the_rows_contradict_is_refused_with_its_name(no_arbiter: None) -> None:
    """Not left out silently: two operations with one seq are damage."""
    document_id = ids.new_id()
    rows = [{"document_id": document_id, "seq": 1, "unique_id": str(n)} for n in range(2)]
    get_db()[LOG].insert_many(rows)
    try:
        with pytest.raises(IndexRefusedError, match=r"crdt_operations \(document_id, seq\) unique"):
            indexes_ensure()
    finally:
        get_db()[LOG].delete_many({"document_id": document_id})


def test_reading_indexes_creates_nothing() -> None:
    """A check must not repair what it reports."""
    assert indexes_found("nothing_of_ours") == []
    names = get_connection().get_default_database().list_collection_names()
    assert "nothing_of_ours" not in names
