"""The state at a seq equals the state that the readers had after that operation."""

import random
from typing import Any

import pycrdt
import pytest

from apps.accounts.models import User
from apps.core import clock, ids
from apps.crdt.codec.vectors import decode_vector
from apps.history.services import version_create
from apps.history.snapshot import Snapshot
from apps.history.states import state_at
from apps.oplog.bulk import operations_write
from apps.oplog.operation import Operation
from tests.crdt.scribbling import Scribbler, content
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db

STEPS = 60
#: The seqs at which a worker stored a version.
KEPT = (7, 20, 41)


def log_of(document_id: str, states: list[bytes]) -> list[Operation]:
    """Return the operations that lead from each state to the next."""
    before: pycrdt.Doc[Any] = pycrdt.Doc()
    operations = []
    for seq, state in enumerate(states, start=1):
        after: pycrdt.Doc[Any] = pycrdt.Doc()
        after.apply_update(state)
        update = after.get_update(before.get_state())
        vector = after.get_state()
        operations.append(
            Operation(document_id, seq, ids.new_id(), "1", clock.now(), vector, update)
        )
        before = after
    return operations


@pytest.mark.parametrize("seed", range(6))
def test_state_at_any_seq_is_the_state_of_its_readers(owner: User, seed: int) -> None:
    """Three authors, every kind of shared type, with versions in between and without."""
    document_id = make_document(owner).id
    states = Scribbler(random.Random(seed)).write(STEPS)
    operations = log_of(document_id, states)
    list(operations_write(operations))
    for seq in KEPT if seed % 2 else ():
        snapshot = Snapshot(seq, operations[seq - 1].version_vector, states[seq - 1])
        version_create(document_id=document_id, snapshot=snapshot, author_ids=["1"])
    assert content(state_at(document_id=document_id, seq=0).state) == content()
    for seq in random.Random(seed).sample(range(1, STEPS + 1), 25):
        found = state_at(document_id=document_id, seq=seq)
        assert content(found.state) == content(states[seq - 1]), seq
        expected = decode_vector(operations[seq - 1].version_vector)
        assert decode_vector(found.version_vector) == expected
