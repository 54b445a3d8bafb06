"""A document that is only read: its updates are collected, and merged in a child process.

A merge holds the interpreter, and so all rooms of a web server (ADR 0015). A call that needs the
bytes of a state needs no document in memory.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NoReturn

from django.conf import settings

from apps.crdt.analysis.stored_state import (
    is_whole,
    merge_raw,
    merge_stored,
    merge_stored_limited,
)
from apps.crdt.codec.vectors import Vector, encode_vector
from apps.history.conversions import conversion_run
from apps.history.rehearsals import stored_run

#: States of fewer bytes take the engine 0.1 s at most, whatever their items are.
APART_MIN_BYTES: Final = 16 * 1024
#: The same for the clocks of a state, and for updates that are merged without a document: 20 ms.
CHECK_APART_MIN_BYTES: Final = 256 * 1024


class UnmergedDocument:
    """An engine's document that has not been merged."""

    def __init__(self) -> None:
        #: What was applied, in order; a state comes first.
        self.updates: list[bytes] = []

    def apply(self, update: bytes, *, brings_structs: bool | None = None) -> bool:
        """Collect an update; whether it changes the document is not known."""
        self.updates.append(update)
        return True

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Return a context that does nothing."""
        yield

    def encode(self, vector: bytes | None = None) -> NoReturn:
        """Fail: the state is asked for by ``apps.history.recovery.state_of``."""
        raise NotImplementedError

    def state_vector(self) -> NoReturn:
        """Fail as ``encode`` does."""
        raise NotImplementedError

    def text(self) -> NoReturn:
        """Fail as ``encode`` does."""
        raise NotImplementedError

    def opening(self, max_chars: int) -> NoReturn:
        """Fail as ``encode`` does."""
        raise NotImplementedError

    def reading(self) -> NoReturn:
        """Fail as ``encode`` does."""
        raise NotImplementedError

    def close(self) -> None:
        """Free the memory."""
        self.updates.clear()


def updates_merge_stored(
    updates: Sequence[bytes], *, vector: Vector, beyond: bytes | None, is_suspect: bool
) -> bytes | None:
    """Return updates as one state, as ``merge_stored`` does; in a child process where it may hold.

    Raises ``RehearsalFailedError``, ``TransientError``, and the errors of the engine.
    """
    arguments = (settings.CRDT_ENGINE, list(updates), encode_vector(vector), beyond)
    if not is_suspect and sum(map(len, updates)) < APART_MIN_BYTES:
        return merge_stored(*arguments)
    return stored_run(merge_stored_limited, *arguments)


def updates_merge_raw(updates: Sequence[bytes]) -> bytes:
    """Return updates as one, as ``merge_raw`` does; in a child process where it may hold.

    Raises as ``conversion_run`` does.
    """
    if sum(map(len, updates)) < CHECK_APART_MIN_BYTES:
        return merge_raw(settings.CRDT_ENGINE, updates)
    return conversion_run(merge_raw, settings.CRDT_ENGINE, list(updates))


def state_is_whole(state: bytes, vector: Vector) -> bool:
    """Return whether an encoded state has everything up to ``vector`` (ADR 0001).

    Raises as ``stored_run`` does.
    """
    if len(state) < CHECK_APART_MIN_BYTES:
        return is_whole(settings.CRDT_ENGINE, state, encode_vector(vector))
    return stored_run(is_whole, settings.CRDT_ENGINE, state, encode_vector(vector))
