"""Conversions in child processes, with the limits of the settings (ADR 0012)."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar

from django.conf import settings

from apps.core.caller import caller_gone
from apps.core.task_pool import TaskLimits, TaskPool
from apps.office.program import ProgramLimits

_Result = TypeVar("_Result")

#: Modules that a child has ready: all without Django and without a connection.
_PRELOAD: Final = (
    "apps.crdt.content.conversion",
    "apps.crdt.analysis.attribution",
    "apps.crdt.analysis.diff",
    "apps.crdt.edits.restore",
    "apps.crdt.edits.undo",
    "apps.office.conversion",
)


def program_limits() -> ProgramLimits:
    """Return the limits of a program that a conversion runs: those of the conversion."""
    return ProgramLimits(
        cpu_s=settings.CONVERSION_TIMEOUT_S,
        memory_bytes=settings.CONVERSION_MEMORY_BYTES,
        output_bytes=settings.CONVERSION_OUTPUT_BYTES,
    )


def conversion_run(function: Callable[..., _Result], /, *args: Any, **kwargs: Any) -> _Result:
    """Return the result of a function of ``apps.crdt`` or ``apps.office``, called in a child.

    Raises as ``TaskPool.run`` does.
    """
    return _pool().run(
        function, *args, wait_s=settings.CONVERSION_WAIT_S, gone=caller_gone.get(), **kwargs
    )


@cache
def _pool() -> TaskPool:
    """Return the pool of this process; its children start with their first task."""
    limits = TaskLimits(
        timeout_s=settings.CONVERSION_TIMEOUT_S,
        memory_bytes=settings.CONVERSION_MEMORY_BYTES,
        output_bytes=settings.CONVERSION_OUTPUT_BYTES,
    )
    return TaskPool(settings.CONVERSION_PROCESSES, limits, preload=_PRELOAD)
