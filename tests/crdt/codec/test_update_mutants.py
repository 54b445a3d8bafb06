"""Mutated updates: the reader refuses them, or the engine survives them, in another process."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.crdt.codec.contents import MalformedUpdateError
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import Vector
from apps.crdt.engine import causal_gate
from tests.crdt.apart import Apart
from tests.crdt.codec.updates import applied, took_all
from tests.crdt.samples import (
    ALL_HISTORIES,
    patient,
)

#: Without text beyond 16 bits: an edit inside a surrogate pair is a tale of its own
#: (``test_engine``).
PLAIN_HISTORIES = [one for one in ALL_HISTORIES if b"\xf0" not in one.state]


@st.composite
def mutants(draw: st.DrawFn) -> tuple[list[bytes], bytes]:
    """Build a mutant of a valid update; return it with the updates before it."""
    history = draw(st.sampled_from(PLAIN_HISTORIES))
    number = draw(st.integers(0, len(history.updates)))
    before = [] if number == len(history.updates) else history.updates[:number]
    mutant = bytearray([*history.updates, history.state][number])
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(mutant)))
        size = draw(st.integers(0, 4))
        mutant[at : at + size] = draw(
            st.binary(max_size=4) | st.just(bytes(mutant[at : at + size] * 2))
        )
    return before, bytes(mutant)


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    """Return the process for updates that may kill it."""
    with Apart() as process:
        yield process


@settings(patient, max_examples=2000)
@given(mutant=mutants())
def test_mutant_is_refused_or_the_engine_stands_it(
    apart: Apart, mutant: tuple[list[bytes], bytes]
) -> None:
    """After reader and gate: no panic, no crash, and the document has all of it."""
    before, update = mutant
    vector = Vector()
    for one in before:
        causal_gate.advance(vector, read_update(one))
    try:
        header = read_update(update)
    except MalformedUpdateError:
        return
    if causal_gate.missing_clocks(header, vector) is not None:
        return
    outcome = apart.attempt("pycrdt", before, update)
    if outcome.error is None:
        assert took_all(applied(outcome.after), header)
    else:
        assert outcome.error == ("EngineBrokenError", "RuntimeError")
