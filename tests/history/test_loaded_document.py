"""A document in memory: the next operation of the log is applied, or skipped."""

import dataclasses

import pytest

from apps.crdt.engine.base import EngineBrokenError
from apps.history.loaded_document import LoadedDocument, ReplayError
from apps.history.snapshot import EMPTY
from tests.crdt.samples import letters, written
from tests.support.operations import Scribe


@pytest.fixture
def loaded() -> LoadedDocument:
    """Return an empty document."""
    return LoadedDocument.open(EMPTY)


def test_operation_that_fits_is_applied(loaded: LoadedDocument) -> None:
    """Nothing is to be quarantined."""
    scribe = Scribe()
    first = scribe.write("a")
    assert loaded.apply_or_skip(first, ()) is None
    assert (loaded.seq, loaded.size_bytes) == (1, len(EMPTY.state) + len(first.update))
    assert loaded.engine.encode() == scribe.doc.get_update()


def test_quarantined_operation_is_skipped_without_its_content(loaded: LoadedDocument) -> None:
    """Its seq counts, and its unique id is known; its content is in no document."""
    first = Scribe().write("a", unique_id="first")
    assert loaded.apply_or_skip(first, {1}) is None
    assert (loaded.seq, loaded.vector, loaded.recent) == (1, {}, {"first": 1})
    assert loaded.engine.encode() == EMPTY.state


def test_operation_without_its_cause_is_skipped_with_an_error(loaded: LoadedDocument) -> None:
    """The caller quarantines it; later operations are applied."""
    scribe, other = Scribe(), Scribe()
    scribe.write("lost")
    effect = dataclasses.replace(scribe.write("effect"), seq=1)
    assert isinstance(loaded.apply_or_skip(effect, ()), ReplayError)
    assert (loaded.seq, loaded.vector) == (1, {})
    other.seq = 1
    assert loaded.apply_or_skip(other.write("after"), ()) is None
    assert loaded.engine.encode() == other.doc.get_update()


def test_operation_that_breaks_the_engine_raises(loaded: LoadedDocument) -> None:
    """The document has to be rebuilt, so the operation cannot be skipped here."""
    scribe = Scribe()
    loaded.apply(scribe.write("a"))
    inside_a_letter = written([(1, 0, [letters("x", parent=(scribe.doc.client_id, 0))])])
    breaking = dataclasses.replace(scribe.write("x"), update=inside_a_letter)
    with pytest.raises(EngineBrokenError):
        loaded.apply_or_skip(breaking, ())
