"""Child processes for work whose cost a stranger decides: one task can end without the others.

A thread cannot be ended, and the CRDT library and parsers hold the interpreter while they work. A
child can be killed. It has limits of time, address space and output, no connection and no secret,
and is started with the first task (docs/adr/0012-conversions-in-child-processes.md).

Each slot has a pool of one process. pebble's processes of one pool share a pipe and a lock, so a
process that is killed in the middle of an answer would take its siblings with it. A slot whose
process did not end well is discarded with its pipe.
"""

import atexit
import logging
import multiprocessing
import os
import pickle
import resource
import signal
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver
from queue import Empty, LifoQueue
from threading import Event, Thread
from time import monotonic
from typing import Any, Final, NamedTuple, TypeVar

import pebble

from apps.core.errors import AppError, LimitExceededError, TransientError, UnprocessableError
from apps.core.parent_death import end_with_parent

logger = logging.getLogger(__name__)

#: How often a waiting caller looks whether it is still there, in seconds.
_LOOK_S: Final = 0.05
#: How much longer than its task a process lives whose parent does not end it, in seconds.
_ALARM_SLACK_S: Final = 10

_Result = TypeVar("_Result")


class TaskTimeoutError(UnprocessableError):
    """The task took longer than ``timeout_s``."""

    code = "conversion_too_slow"


class TaskTooLargeError(LimitExceededError):
    """The task needed more memory than allowed, or its result is too long."""

    code = "conversion_too_large"


class TaskDiedError(UnprocessableError):
    """The task ended its process, or raised an error that nobody expected."""

    code = "conversion_failed"


class TasksBusyError(TransientError):
    """All processes have work, and the time to wait is over."""

    code = "conversions_busy"


class CallerGoneError(TransientError):
    """The caller has hung up; nobody reads this error."""

    code = "caller_gone"


class TaskLimits(NamedTuple):
    """Limits of one task: seconds, bytes of address space, bytes of the result."""

    timeout_s: float
    memory_bytes: int
    output_bytes: int


class TaskPool:
    """A few child processes, each with one task at a time."""

    def __init__(self, size: int, limits: TaskLimits, *, preload: tuple[str, ...] = ()) -> None:
        self._limits = limits
        self._context = multiprocessing.get_context("forkserver")
        self._preload = list(preload)
        self._slots: LifoQueue[pebble.ProcessPool | None] = LifoQueue()
        for _ in range(size):
            self._slots.put(None)

    def run(
        self,
        function: Callable[..., _Result],
        /,
        *args: Any,
        wait_s: float,
        gone: Event | None = None,
        **kwargs: Any,
    ) -> _Result:
        """Return the result of a function of a module, called in a child.

        Raises the function's ``AppError``, ``TaskTimeoutError``, ``TaskTooLargeError``,
        ``TaskDiedError``; ``TasksBusyError`` if no child is free within ``wait_s``, and
        ``CallerGoneError`` as soon as ``gone`` is set. The task is ended before the last one.
        """
        task = pickle.dumps((function, args, kwargs))
        slot = self._slot(monotonic() + wait_s, gone)
        try:
            try:
                answer, slot = self._answer(slot, task, gone)
            except BrokenProcessPool:  # its idle process died; no task was begun
                answer, slot = self._answer(None, task, gone)
        except BaseException as err:
            self._slots.put(None)
            if isinstance(err, TimeoutError):
                raise _too_slow(self._limits) from err
            if isinstance(err, pebble.ProcessExpired | BrokenProcessPool | RuntimeError):
                logger.error("a conversion ended its process: %r", err)
                raise _died() from err
            raise
        self._slots.put(slot)
        result: _Result = _result(answer, self._limits)
        return result

    def close(self) -> None:
        """End all processes that have no task."""
        while True:
            try:
                slot = self._slots.get_nowait()
            except Empty:
                return
            _discard(slot)

    def _slot(self, deadline: float, gone: Event | None) -> "pebble.ProcessPool | None":
        while True:
            _check_caller(gone)
            try:
                return self._slots.get(timeout=_LOOK_S)
            except Empty as err:
                if monotonic() > deadline:
                    raise TasksBusyError(
                        "The server converts other documents now. Try again shortly.",
                        retry_after_s=5,
                    ) from err

    def _answer(
        self, slot: "pebble.ProcessPool | None", task: bytes, gone: Event | None
    ) -> "tuple[_Answer, pebble.ProcessPool]":
        """Return the answer, and the slot, which is new if its idle process had died."""
        if slot is not None and not slot.active:
            _discard(slot)
            slot = None
        slot = slot or self._start()
        try:
            future = slot.schedule(_run, args=(task, self._limits), timeout=self._limits.timeout_s)
        except BaseException:
            _discard(slot)
            raise
        while True:
            try:
                answer: _Answer = future.result(timeout=_LOOK_S)
                return answer, slot
            except TimeoutError:
                if future.done():
                    _discard(slot)
                    raise
            except BaseException:
                _discard(slot)
                raise
            if gone is not None and gone.is_set():
                future.cancel()  # type: ignore[no-untyped-call]
                _discard(slot)
                _check_caller(gone)

    def _start(self) -> "pebble.ProcessPool":
        atexit.unregister(_kill_children)
        atexit.register(_kill_children)
        self._context.set_forkserver_preload([__name__, *self._preload])
        return pebble.ProcessPool(
            max_workers=1,
            context=self._context,
            initializer=_limit_process,
            initargs=(self._limits.memory_bytes,),
        )


# --- in the child --------------------------------------------------------------------------------


class _Answer(NamedTuple):
    """The result as pickled bytes; otherwise an error that the caller gets, or its kind."""

    result: bytes | None = None
    error: AppError | None = None
    failure: str = ""


def _limit_process(memory_bytes: int) -> None:
    """Bound the address space of this process, and end it with the fork server.

    The fork server ends with the web server, however that ends. There is no core dump, which would
    hold a document's content.
    """
    _let_go_of_fork_server()
    end_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _let_go_of_fork_server() -> None:
    """Close the pipe that keeps the fork server alive; only the web server is to hold it.

    Python hands it to each child, so that a child may start others. Without it a child that hangs
    would outlive the web server until its alarm.
    """
    server = getattr(forkserver, "_forkserver", None)
    alive_fd = getattr(server, "_forkserver_alive_fd", None)
    if alive_fd is not None:
        os.close(alive_fd)


def _run(task: bytes, limits: TaskLimits) -> _Answer:
    """Run one task. The kernel ends this process if it hangs and its parent has died."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(limits.timeout_s) + _ALARM_SLACK_S)
    try:
        function, args, kwargs = pickle.loads(task)  # noqa: S301 - of this process's parent
        result = pickle.dumps(function(*args, **kwargs), protocol=pickle.HIGHEST_PROTOCOL)
        if len(result) > limits.output_bytes:
            return _Answer(failure="output")
        return _Answer(result)
    except AppError as err:
        return _Answer(error=err)
    except MemoryError:
        return _Answer(failure="memory")
    except BaseException as err:  # noqa: BLE001 - also the panics of the CRDT library
        return _Answer(failure=f"{type(err).__name__}: {str(err)[:500]}")
    finally:
        signal.alarm(0)


# --- in the caller -------------------------------------------------------------------------------


def _result(answer: _Answer, limits: TaskLimits) -> Any:
    if answer.result is not None:
        return pickle.loads(answer.result)  # noqa: S301 - of our own child
    if answer.error is not None:
        raise answer.error
    if answer.failure in ("memory", "output"):
        value = limits.memory_bytes if answer.failure == "memory" else limits.output_bytes
        raise TaskTooLargeError(
            "This takes more memory than one call may have. Split the document, or the text.",
            extra={"limit": f"CONVERSION_{answer.failure.upper()}_BYTES", "value": value},
        )
    logger.error("a conversion failed: %s", answer.failure)
    raise _died()


def _check_caller(gone: Event | None) -> None:
    if gone is not None and gone.is_set():
        raise CallerGoneError("The caller has hung up.")


def _too_slow(limits: TaskLimits) -> TaskTimeoutError:
    return TaskTimeoutError(
        f"This takes longer than {limits.timeout_s:g} s. Split the document, or the text.",
        extra={"limit": "CONVERSION_TIMEOUT_S", "value": limits.timeout_s},
    )


def _died() -> TaskDiedError:
    return TaskDiedError("This content cannot be converted. Report it to whoever runs this server.")


def _discard(slot: "pebble.ProcessPool | None") -> None:
    """End a slot's process. In a thread: a process that hangs has 3 s to end by itself."""
    if slot is not None:
        slot.stop()  # type: ignore[no-untyped-call]
        Thread(target=_end, args=(slot,), name="conversion-end", daemon=True).start()


def _end(slot: "pebble.ProcessPool") -> None:
    try:
        slot.join()
    except Exception as err:  # noqa: BLE001 - it was killed while it was being ended
        logger.warning("a conversion's process ended by itself: %r", err)


def _kill_children() -> None:
    """End all children at the exit of this process, before ``multiprocessing`` waits for them.

    Functions at the exit run in the reverse order of their registration. ``multiprocessing``
    registers its own again when a program asks for its logger, as Celery does.
    """
    for child in multiprocessing.active_children():
        child.kill()
