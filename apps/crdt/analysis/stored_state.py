"""The merge and the check of what is stored of a document; for a child process.

The engine holds the interpreter while it loads, merges or reads a large state, so that nothing else
runs in the process.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from apps.crdt.analysis.rehearsal import stored_step_limit
from apps.crdt.codec.vectors import decode_vector
from apps.crdt.engine.base import EngineDocument, get_engine

#: Updates and bytes that are merged in one batch; larger batches are slower.
_BATCH_UPDATES: Final = 200
_BATCH_BYTES: Final = 8 * 1024


def is_whole(engine_name: str, state: bytes, vector: bytes) -> bool:
    """Return whether a state that the engine has encoded has all clocks of a version vector."""
    return decode_vector(get_engine(engine_name).vector_of(state)) == decode_vector(vector)


def merge_stored_limited(
    engine_name: str, updates: Sequence[bytes], vector: bytes, beyond: bytes | None
) -> bytes | None:
    """Return what ``merge_stored`` does; the kernel ends the process when it takes too long.

    The limit is that of a load.
    """
    with stored_step_limit(sum(map(len, updates))):
        document = _merged(engine_name, updates)
    return _encoded(engine_name, document, vector, beyond)


def merge_stored(
    engine_name: str, updates: Sequence[bytes], vector: bytes, beyond: bytes | None
) -> bytes | None:
    """Return updates, in causal order, as one; only what a client lacks that has ``beyond``.

    None where the engine's state lacks clocks of ``vector`` (ADR 0001). Raises the errors of the
    engine.
    """
    return _encoded(engine_name, _merged(engine_name, updates), vector, beyond)


def _merged(engine_name: str, updates: Sequence[bytes]) -> EngineDocument:
    document = get_engine(engine_name).new_document()
    for batch in _batches(updates):
        with document.batch():
            for update in batch:
                document.apply(update, brings_structs=True)
    return document


def _encoded(
    engine_name: str, document: EngineDocument, vector: bytes, beyond: bytes | None
) -> bytes | None:
    state = document.encode()
    if not is_whole(engine_name, state, vector):
        return None
    return state if beyond is None else document.encode(beyond)


def merge_raw(engine_name: str, updates: Sequence[bytes]) -> bytes:
    """Return updates as one without a document: with the ids of their authors (ADR 0001)."""
    return get_engine(engine_name).merge(updates)


def _batches(updates: Sequence[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size_bytes = 0
    for update in updates:
        batch.append(update)
        size_bytes += len(update)
        if len(batch) >= _BATCH_UPDATES or size_bytes > _BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch
