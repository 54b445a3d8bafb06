"""The owners of client ids: their stored form, and their derivation from the log."""

import dataclasses
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import ids
from apps.crdt.codec.lib0 import DecodeError
from apps.history.client_owners import SHARED, owners_decode, owners_encode, owners_of_log
from apps.history.recovery import document_load, document_load_to_edit, snapshot_of
from apps.history.services import version_create
from apps.history.snapshot import Snapshot
from apps.history.snapshot_cache import snapshot_forget
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation
from tests.support.operations import Scribe
from tests.support.snapshots import cached_snapshot

CLIENTS = st.integers(0, 2**53 - 1)


@given(
    vector=st.dictionaries(CLIENTS, st.integers(1, 9), max_size=20),
    people=st.lists(st.text("0123456789", min_size=1, max_size=5), min_size=1, max_size=4),
    quarantined=st.dictionaries(CLIENTS, st.just("7"), max_size=3),
    data=st.data(),
)
def test_owners_round_trip(
    vector: dict[int, int], people: list[str], quarantined: dict[int, str], data: st.DataObject
) -> None:
    """Encoding and decoding are inverse, also for a client without an owner."""
    owned = data.draw(st.sets(st.sampled_from(sorted(vector)))) if vector else set()
    owners = {client: data.draw(st.sampled_from(people)) for client in owned}
    owners |= {client: who for client, who in quarantined.items() if client not in vector}
    assert owners_decode(owners_encode(owners, vector), vector) == owners


def test_many_clients_of_few_people_take_a_byte_each() -> None:
    """A page has a new client id each time it is opened."""
    vector = dict.fromkeys(range(2**31, 2**31 + 10_000), 1)
    owners = dict.fromkeys(vector, "12345")
    assert len(owners_encode(owners, vector)) < len(vector) + 20


@pytest.mark.parametrize("data", [b"", b"\x05", b"\x01\x011", b"\x01\x011\x07", b"\xff\xff"])
def test_damaged_owners_are_an_error(data: bytes) -> None:
    """Truncated bytes, and a person who is not in the list."""
    with pytest.raises(DecodeError):
        owners_decode(data, {1: 1})


def by(author_id: str, operations: Iterable[Operation]) -> list[Operation]:
    """Return operations with another author."""
    return [dataclasses.replace(operation, author_id=author_id) for operation in operations]


def log_of_two() -> tuple[Scribe, Scribe]:
    """Store a log in which author 1 and then author 2 write, each with a client of their own."""
    ada, grace = Scribe(), Scribe(author_id="2")
    grace.document_id, grace.seq = ada.document_id, 3
    operations = ada.write_many(3)
    grace.doc.apply_update(ada.doc.get_update())
    operations += grace.write_many(2)
    operation_rows().insert_many([operation.to_row() for operation in operations])
    return ada, grace


def test_owner_is_the_author_of_the_first_structs() -> None:
    """A later operation that passes them on changes nothing; with new ones, nobody is the owner."""
    ada, grace = log_of_two()
    passed_on = dataclasses.replace(
        grace.write("all"), update=grace.doc.get_update(), unique_id="all"
    )
    ada.seq = 6
    [relayed] = by("2", ada.write_many(1))
    operation_rows().insert_many([one.to_row() for one in (passed_on, relayed)])
    expected = {ada.doc.client_id: "1", grace.doc.client_id: "2"}
    document_id = ada.document_id
    assert owners_of_log(document_id=document_id, up_to=3) == {ada.doc.client_id: "1"}
    assert owners_of_log(document_id=document_id, up_to=6) == expected
    expected[ada.doc.client_id] = SHARED
    assert owners_of_log(document_id=document_id, up_to=7) == expected
    loaded = document_load(document_id=document_id)
    assert loaded.owners == expected
    assert owners_decode(loaded.encode_owners(), loaded.vector) == expected


def test_operation_in_quarantine_owns_its_client_ids() -> None:
    """Its release changes no owner; a snapshot has the owner too, although not the content."""
    ada, grace = Scribe(), Scribe(author_id="2")
    grace.document_id, grace.seq = ada.document_id, 2
    grace.write("lost")
    grace.seq = 3
    operations = [*ada.write_many(3), grace.write("without its cause")]
    operation_rows().insert_many([operation.to_row() for operation in operations])
    loaded = document_load(document_id=ada.document_id)
    expected = {ada.doc.client_id: "1", grace.doc.client_id: "2"}
    assert loaded.vector.keys() == {ada.doc.client_id}
    assert loaded.owners == expected == owners_of_log(document_id=ada.document_id, up_to=4)
    snapshot = snapshot_of(loaded, document_id=ada.document_id)
    assert owners_decode(snapshot.owners, snapshot.vector) == expected


def test_snapshot_of_an_older_release_gets_its_owners_from_the_log_once() -> None:
    """They are derived for a room, and cached with the snapshot."""
    ada, grace = log_of_two()
    document_id = ada.document_id
    expected = {ada.doc.client_id: "1", grace.doc.client_id: "2"}
    complete = snapshot_of(document_load(document_id=document_id), document_id=document_id)
    version_create(document_id=document_id, snapshot=dataclasses.replace(complete, owners=b""))
    assert document_load(document_id=document_id).owners is None
    assert document_load_to_edit(document_id=document_id).owners == expected
    cached = cached_snapshot(document_id)
    assert cached is not None
    assert cached.owners == complete.owners
    assert document_load(document_id=document_id).owners == expected


def test_snapshot_with_owners_is_read_by_a_release_without_them() -> None:
    """The owners follow the compressed content, which ends by itself."""
    ada, _ = log_of_two()
    snapshot = snapshot_of(document_load(document_id=ada.document_id), document_id=ada.document_id)
    assert Snapshot.decode(snapshot.encode()) == snapshot
    plain = dataclasses.replace(snapshot, owners=b"")
    assert snapshot.encode()[48:].startswith(plain.encode()[48:])


def test_owners_of_an_empty_document_are_known() -> None:
    """Nothing is derived for a new document."""
    document_id = ids.new_id()
    assert document_load_to_edit(document_id=document_id).owners == {}
    snapshot_forget(document_id=document_id)
