"""The rehearsal of a merge: what the engine does with an update, tried in a child process.

Some updates are allowed, and what the engine does with them is known only when it does it. A child
process that hangs, dies or eats memory is no harm. A step is limited in the time of its processor,
which the kernel measures: a busy machine refuses nobody.
"""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from apps.core.errors import UnprocessableError
from apps.crdt.analysis.equality import states_equal
from apps.crdt.codec.update_reader import read_state, read_update
from apps.crdt.codec.vectors import Vector, decode_vector
from apps.crdt.engine.base import Engine, EngineDocument, get_engine
from apps.crdt.engine.causal_gate import advance

#: Processor time that a merge, and that a load may take: in seconds, and what is added for each
#: MiB of a load. A document of 12 MiB as people write them takes 0.2 s. Threat: an event loop that
#: is held.
STEP_LIMIT_S: Final = 0.2
STEP_LIMIT_S_PER_MIB: Final = 0.05
#: How much more a load of a stored document may take, so that none is taken that is too slow later.
STORED_FACTOR: Final = 3
#: The same for a comparison of two states, which is done in Python where their bytes differ.
COMPARISON_LIMIT_S: Final = 1.0
COMPARISON_LIMIT_S_PER_MIB: Final = 1.0
#: The same for the readings of two documents. 40,000 paragraphs of a letter, 1.2 MiB, take 1.4 s.
READING_LIMIT_S: Final = 1.0
READING_LIMIT_S_PER_MIB: Final = 4.0
_MIB: Final = 1024 * 1024


class ContentDiffersError(UnprocessableError):
    """The engine makes another document of its own state."""

    code = "rejected"


def rehearse_merge(engine_name: str, state: bytes, updates: Sequence[bytes]) -> None:
    """Merge updates into a document, load the result again and compare; for a child process.

    The kernel ends the process when a step takes longer than its limit. Raises
    ``ContentDiffersError``, and the errors of the engine.
    """
    engine = get_engine(engine_name)
    document = _load(engine, state)
    with _processor_time(STEP_LIMIT_S):
        for update in updates:
            document.apply(update, brings_structs=True)
    merged = document.encode()
    with _processor_time(STEP_LIMIT_S, STEP_LIMIT_S_PER_MIB, len(merged)):
        loaded = _load(engine, merged)
        again = loaded.encode()
    if _vector_after(state, updates) != decode_vector(engine.vector_of(merged)):
        return  # the halves of a surrogate pair, which the engine counts in another way (ADR 0001)
    with _processor_time(COMPARISON_LIMIT_S, COMPARISON_LIMIT_S_PER_MIB, len(merged)):
        is_equal = states_equal(engine, merged, again)
    with _processor_time(READING_LIMIT_S, READING_LIMIT_S_PER_MIB, len(merged)):
        is_equal = is_equal and document.reading() == loaded.reading()
    if not is_equal:
        raise ContentDiffersError("The edit cannot be stored: its content changes when read.")


def rehearse_load(engine_name: str, state: bytes, updates: Sequence[bytes]) -> float:
    """Load a document from a state and the updates after it; for a child process.

    Return the processor time in seconds. The kernel ends the process when that takes longer than
    the limit. Raises the errors of the engine.
    """
    engine = get_engine(engine_name)
    began_s = time.process_time()
    with stored_step_limit(len(state) + sum(map(len, updates))):
        document = _load(engine, state)
        for update in updates:
            document.apply(update, brings_structs=True)
        took_s = time.process_time() - began_s
        merged = document.encode()
    with stored_step_limit(len(merged)):
        _load(engine, merged).encode()
    return took_s


def compare_stored(engine_name: str, state: bytes, expected: bytes) -> bool:
    """Return whether a stored state can be loaded, and is the same document; for a child process.

    The kernel ends the process when the load or the comparison takes longer than its limit. Raises
    the errors of the engine.
    """
    rehearse_load(engine_name, state, [])
    with _processor_time(
        STORED_FACTOR * COMPARISON_LIMIT_S,
        STORED_FACTOR * COMPARISON_LIMIT_S_PER_MIB,
        len(state) + len(expected),
    ):
        return states_equal(get_engine(engine_name), state, expected)


def _load(engine: Engine, state: bytes) -> EngineDocument:
    document = engine.new_document()
    if state:
        document.apply(state, brings_structs=True)
    return document


def _vector_after(state: bytes, updates: Sequence[bytes]) -> Vector:
    vector = read_state(state).end_vector() if state else {}
    for update in updates:
        advance(vector, read_update(update))
    return vector


def stored_step_limit(size_bytes: int) -> AbstractContextManager[None]:
    """Have the kernel end this process when a load of a stored document takes too long."""
    return _processor_time(
        STORED_FACTOR * STEP_LIMIT_S, STORED_FACTOR * STEP_LIMIT_S_PER_MIB, size_bytes
    )


@contextmanager
def _processor_time(
    limit_s: float, limit_s_per_mib: float = 0.0, size_bytes: int = 0
) -> Iterator[None]:
    """Have the kernel end this process when a step takes longer, whatever it does meanwhile."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, limit_s + limit_s_per_mib * size_bytes / _MIB)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
