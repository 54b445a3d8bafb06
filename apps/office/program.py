"""Runs a program of another project: bytes in, bytes out, within limits and without a network.

It is called in a child process of ``apps.core.task_pool``, which ends it with its caller or its
time; the program ends with that child.
"""

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import IO, Final, NamedTuple

from apps.core.errors import TransientError
from apps.core.parent_death import end_with_parent
from apps.core.task_pool import TaskTimeoutError, TaskTooLargeError
from apps.office.network_filter import network_deny

#: Longest message of a program that is read, in bytes; a longer one ends the program.
_ERRORS_MAX_BYTES: Final = 64 * 1024
#: Open files of a program: the libraries, fonts and pipes of its own.
_FILES_MAX: Final = 256


class ProgramMissingError(TransientError):
    """The program is not installed on this server, or does not run there."""

    code = "converter_missing"


class ProgramLimits(NamedTuple):
    """Limits of one program: seconds of processor time, bytes of address space and of output."""

    cpu_s: float
    memory_bytes: int
    output_bytes: int


class ProgramEnd(NamedTuple):
    """How a program ended: its exit code (negative: the signal), its output, its messages."""

    code: int
    output: bytes
    errors: str


def program_run(arguments: Sequence[str], data: bytes, limits: ProgramLimits) -> ProgramEnd:
    """Run a program with ``data`` as its input until it ends.

    Raises ``ProgramMissingError``, ``TaskTooLargeError`` for too long an output, and
    ``TaskTimeoutError`` for too much processor time.
    """
    with _buffer() as source, _buffer() as errors:
        source.write(data)
        source.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - a program of ours, with arguments of ours
                arguments,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd="/",
                env=_environment(),
                preexec_fn=_limit_to(limits),  # noqa: PLW1509 - the child has one thread
            )
        except (OSError, subprocess.SubprocessError) as err:
            raise ProgramMissingError(
                "This server cannot convert this format. Choose another one, or tell whoever "
                "runs the server.",
                retry_after_s=60,
            ) from err
        with process:
            try:
                output = _output(process, limits)
            except BaseException:
                process.kill()
                raise
        if process.returncode == -signal.SIGXCPU:
            raise TaskTimeoutError(
                f"This takes longer than {limits.cpu_s:g} s. Split the document, or the text.",
                extra={"limit": "CONVERSION_TIMEOUT_S", "value": limits.cpu_s},
            )
        errors.seek(0)
        words = errors.read(_ERRORS_MAX_BYTES).decode("utf-8", "replace")
    return ProgramEnd(process.returncode, output, words)


def memory_error(limits: ProgramLimits) -> TaskTooLargeError:
    """Return the error of a program that needed more memory than it may have."""
    return TaskTooLargeError(
        "This takes more memory than one call may have. Split the document, or leave out parts.",
        extra={"limit": "CONVERSION_MEMORY_BYTES", "value": limits.memory_bytes},
    )


def _output(process: "subprocess.Popen[bytes]", limits: ProgramLimits) -> bytes:
    if process.stdout is None:
        raise TypeError("the program has no output")
    output: bytes = process.stdout.read(limits.output_bytes + 1)
    if len(output) > limits.output_bytes:
        raise TaskTooLargeError(
            "This becomes longer than one file may be. Split the document, or the text.",
            extra={"limit": "CONVERSION_OUTPUT_BYTES", "value": limits.output_bytes},
        )
    return output


def _buffer() -> IO[bytes]:
    """Return a file without a name; on Linux it is in memory, as the data is already."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("program"), "w+b")
    return tempfile.TemporaryFile()


def _environment() -> dict[str, str]:
    """Return the program's environment: nothing of the server's."""
    return {
        "LANG": "C.UTF-8",
        "HOME": "/nonexistent",
        # typst has a thread for each processor, and each thread an arena of 64 MiB.
        "MALLOC_ARENA_MAX": "2",
        "RAYON_NUM_THREADS": "1",
    }


def _limit_to(limits: ProgramLimits) -> Callable[[], None]:
    parent = os.getpid()
    seconds = int(limits.cpu_s) + 1
    bounds = (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _ERRORS_MAX_BYTES),
        (resource.RLIMIT_NOFILE, _FILES_MAX),
    )

    def limit() -> None:
        if sys.platform == "linux":
            end_with_parent()
            if os.getppid() != parent:
                os._exit(1)
        for kind, value in bounds:
            hard = resource.getrlimit(kind)[1]
            own = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (own, own))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        network_deny()

    return limit
