"""Rehearsals in child processes, with the limits of the settings (ADR 0015)."""

import signal
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from django.conf import settings
from pebble import ProcessExpired

from apps.core.errors import InvalidInputError, TransientError
from apps.core.task_pool import (
    TaskDiedError,
    TaskLimits,
    TaskPool,
    TasksBusyError,
    TaskTimeoutError,
    TaskTooLargeError,
)
from apps.crdt.analysis.rehearsal import ContentDiffersError, rehearse_load, rehearse_merge
from apps.crdt.engine.base import EngineBrokenError
from apps.oplog.document_quarantine import CRASH, TOO_LARGE, TOO_SLOW

#: The longest result: the state of a document, which MongoDB bounds.
_OUTPUT_BYTES: Final = 64 * 1024 * 1024
_PRELOAD: Final = ("apps.crdt.analysis.stored_state", "apps.crdt.engine.pycrdt")

_Result = TypeVar("_Result")


class RehearsalFailedError(InvalidInputError):
    """The child process died, was too slow or too large, or found other content.

    ``reason`` is one of ``apps.oplog.document_quarantine``, or None for an error of the engine.
    """

    code = "rejected"

    def __init__(self, reason: str | None) -> None:
        super().__init__("The edit cannot be applied; nothing of it is stored.")
        self.reason = reason


def merge_rehearse(state: bytes, updates: Sequence[bytes]) -> None:
    """Try a merge. Raises ``RehearsalFailedError``, and ``TransientError`` when none is free."""
    stored_run(rehearse_merge, settings.CRDT_ENGINE, state, list(updates))


def load_rehearse(state: bytes, updates: Sequence[bytes]) -> float:
    """Try a load; return its processor time in seconds. Raises as ``merge_rehearse`` does."""
    return stored_run(rehearse_load, settings.CRDT_ENGINE, state, list(updates))


def stored_run(function: Callable[..., _Result], /, *args: Any) -> _Result:
    """Return the result of a pure function of ``apps.crdt``, called in a child process.

    Raises as ``merge_rehearse`` does.
    """
    try:
        return _pool().run(function, *args, wait_s=settings.REHEARSAL_WAIT_S)
    except TasksBusyError as err:
        raise TransientError(
            "The server tries other edits now. Try again shortly.", code="rehearsals_busy"
        ) from err
    except TaskDiedError as err:
        raise RehearsalFailedError(_reason_of(err)) from err
    except TaskTimeoutError as err:
        raise RehearsalFailedError(TOO_SLOW) from err
    except TaskTooLargeError as err:
        raise RehearsalFailedError(TOO_LARGE) from err
    except (ContentDiffersError, EngineBrokenError, InvalidInputError) as err:
        raise RehearsalFailedError(None) from err


def _reason_of(error: TaskDiedError) -> str | None:
    """Return why a child died: the kernel ended it by its limit of time, or it broke."""
    cause = error.__cause__
    if not isinstance(cause, ProcessExpired):  # an error that nobody expected
        return None
    return TOO_SLOW if cause.exitcode == -signal.SIGPROF else CRASH


@cache
def _pool() -> TaskPool:
    """Return the pool of this process; its children start with their first task."""
    limits = TaskLimits(
        timeout_s=settings.REHEARSAL_TIMEOUT_S,
        memory_bytes=settings.REHEARSAL_MEMORY_BYTES,
        output_bytes=_OUTPUT_BYTES,
    )
    return TaskPool(settings.REHEARSAL_PROCESSES, limits, preload=_PRELOAD)
