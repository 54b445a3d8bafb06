"""Documents that are only read: merged in a child process, and not in this one."""

from collections.abc import Callable, Sequence

import pytest

from apps.core.errors import AppError
from apps.crdt.engine import pycrdt as engine_module
from apps.crdt.engine.base import EngineDocument, UpdateRejectedError, get_engine
from apps.history import recovery, unmerged_document
from apps.history.authorship import document_authorship
from apps.history.recovery import document_load, document_read, state_of
from apps.history.rehearsals import RehearsalFailedError
from apps.history.states import present_state, state_at
from apps.oplog.models import operation_rows
from apps.oplog.quarantine import quarantined_seqs
from tests.history.test_load_trial import operation
from tests.support.operations import Scribe

#: A text that this process does not merge, in bytes.
LONG = unmerged_document.CHECK_APART_MIN_BYTES


@pytest.fixture
def long_document() -> str:
    """Return a document with two long operations and a short one."""
    scribe = Scribe()
    texts = ("x" * LONG, "y" * LONG, "z")
    operation_rows().insert_many([scribe.write(text).to_row() for text in texts])
    return scribe.document_id


def _no_document(_engine: object) -> EngineDocument:
    raise AssertionError("merged in this process")


@pytest.mark.parametrize(
    "read",
    [
        lambda document_id: present_state(document_id=document_id).seq,
        lambda document_id: state_at(document_id=document_id, seq=3).seq,
        lambda document_id: document_authorship(document_id=document_id, lineage="a").seq,
    ],
)
def test_reading_of_a_long_document_merges_nothing_in_this_process(
    read: Callable[[str], int], long_document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merge would hold all rooms of the web server."""
    monkeypatch.setattr(engine_module.PycrdtEngine, "new_document", _no_document)
    monkeypatch.setattr(engine_module.PycrdtEngine, "vector_of", _no_document)
    monkeypatch.setattr(engine_module.PycrdtEngine, "merge", _no_document)
    assert read(long_document) == 3


@pytest.mark.parametrize("texts", [["a", "b"], ["a" * LONG, "b"]])
def test_state_that_is_read_is_the_one_that_is_loaded(texts: Sequence[str]) -> None:
    """The whole of it, and what a client lacks."""
    scribe = Scribe()
    operation_rows().insert_many([scribe.write(text).to_row() for text in texts])
    document_id = scribe.document_id
    first = state_at(document_id=document_id, seq=1)
    loaded, collected = (
        document_load(document_id=document_id),
        document_read(document_id=document_id),
    )
    for vector in (None, first.version_vector):
        state = state_of(loaded, document_id=document_id, vector=vector)
        assert state_of(collected, document_id=document_id, vector=vector) == state
    document = get_engine("pycrdt").new_document()
    document.apply(first.state)
    document.apply(state)
    assert document.encode() == present_state(document_id=document_id).state


@pytest.mark.parametrize(
    "error", [RehearsalFailedError(None), UpdateRejectedError("It cannot be applied.")]
)
def test_document_that_cannot_be_merged_apart_is_loaded_with_its_quarantine(
    error: AppError, long_document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The load finds the operation that is at fault; the others are read."""
    bad = operation(long_document, 4, b"\x01\x01\x09\x00\x04\x01\x01a\x01x\x00")
    operation_rows().insert_one({**bad.to_row(), "update": b"no update"})

    def fail(*_args: object, **_options: object) -> bytes:
        raise error

    monkeypatch.setattr(recovery, "updates_merge_stored", fail)
    assert present_state(document_id=long_document).seq == 4
    assert quarantined_seqs(document_id=long_document) == {4}
