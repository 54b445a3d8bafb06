"""PDF: typst's source, which pandoc writes, typeset in a process without files and network."""

import logging
import signal
import sys
from pathlib import Path
from typing import Final

from apps.core.task_pool import TaskDiedError
from apps.office.program import ProgramLimits, memory_error, program_run

logger = logging.getLogger(__name__)

_PROGRAM: Final = str(Path(__file__).parent / "typst_program.py")


def pdf_write(source: bytes, limits: ProgramLimits, *, pictures: bytes = b"") -> bytes:
    """Return typst's source as a PDF.

    The program's input is the one file that the source can read: ``pictures``, with the source
    behind them. Raises ``TaskDiedError``, ``TaskTooLargeError``, ``TaskTimeoutError`` and
    ``ProgramMissingError``.
    """
    arguments = [sys.executable, "-I", _PROGRAM, str(len(pictures))]
    end = program_run(arguments, pictures + source, limits)
    if end.code == 0:
        return end.output
    if end.code in (-signal.SIGABRT, -signal.SIGKILL, -signal.SIGSEGV):
        raise memory_error(limits)
    logger.warning("typst ended with %s: %s", end.code, end.errors[-200:])
    raise TaskDiedError("This content cannot be typeset. Report it to whoever runs this server.")
