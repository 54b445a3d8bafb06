"""pandoc: other programs' formats to HTML and from HTML, in a process without files and network."""

import importlib.util
import logging
import signal
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from apps.core.task_pool import TaskDiedError
from apps.office.archive import FileUnreadableError, file_unreadable
from apps.office.program import ProgramLimits, ProgramMissingError, memory_error, program_run

logger = logging.getLogger(__name__)

#: Part of the address space that pandoc's heap may take; its collector copies within the rest.
_HEAP_SHARE: Final = 0.5
#: pandoc's exit code where its heap is full.
_HEAP_FULL: Final = 251
#: Exit codes of pandoc for a file that it cannot read: a parser's error, bytes that are no text.
_UNREADABLE: Final = (1, 61, 63, 64, 91, 92, 94)
#: pandoc's exit code for a file beside its input, which it may not open.
_OTHER_FILE: Final = 99
#: Formats whose first heading pandoc would make the title, and raise the others by a level.
_WITHOUT_TITLE: Final = ("rst",)
_TEMPLATES: Final = Path(__file__).parent / "templates"


def pandoc_read(data: bytes, kind: str, limits: ProgramLimits) -> str:
    """Return a file as a page of HTML, with its title as ``<title>`` and first heading.

    Raises ``FileUnreadableError``, and as ``pandoc_run`` does.
    """
    options = ["--from", kind, "--to=html5", "--wrap=none", "--syntax-highlighting=none"]
    if kind in _WITHOUT_TITLE:
        body = pandoc_run(data, limits, *options).decode("utf-8", "replace")
        return f"<!doctype html><html><head></head><body>\n{body}</body></html>\n"
    options += ["--standalone", f"--template={_TEMPLATES / 'read.html'}"]
    if kind == "epub":
        options.append("--variable=book")
    return pandoc_run(data, limits, *options).decode("utf-8", "replace")


def pandoc_write(
    html: str, kind: str, limits: ProgramLimits, *, metadata: Mapping[str, str] | None = None
) -> bytes:
    """Return a page of HTML in a format that pandoc writes. Raises as ``pandoc_run`` does."""
    options = ["--standalone", "--wrap=preserve"]
    options += [f"--metadata={name}={value}" for name, value in (metadata or {}).items()]
    if kind != "docx":
        options.append("--syntax-highlighting=none")
    if kind == "typst":
        options.append(f"--template={_TEMPLATES / 'page.typ'}")
    reader = "--from=html-auto_identifiers"
    return pandoc_run(html.encode("utf-8", "replace"), limits, reader, "--to", kind, *options)


def pandoc_run(data: bytes, limits: ProgramLimits, *arguments: str) -> bytes:
    """Return what pandoc makes of its input.

    Raises ``FileUnreadableError``, ``TaskDiedError``, ``TaskTooLargeError`` and
    ``ProgramMissingError``.
    """
    heap = f"-M{int(limits.memory_bytes * _HEAP_SHARE)}"
    own = (_pandoc(), "+RTS", heap, "-RTS", "--sandbox", "--quiet", "--output=-")
    end = program_run([*own, *arguments], data, limits)
    if end.code == 0:
        return end.output
    if end.code in (_HEAP_FULL, -signal.SIGABRT, -signal.SIGKILL):
        raise memory_error(limits)
    logger.warning("pandoc ended with %s: %s", end.code, end.errors[:200])
    if end.code == _OTHER_FILE:
        raise FileUnreadableError(
            "This file is read only together with another one, which it names. Put the content "
            "of that one into it, and import it then."
        )
    if end.code in _UNREADABLE:
        raise file_unreadable()
    raise TaskDiedError("This content cannot be converted. Report it to whoever runs this server.")


@cache
def _pandoc() -> str:
    """Return the path of the program in its wheel, which is not imported."""
    spec = importlib.util.find_spec("pypandoc")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        path = Path(folder) / "files" / "pandoc"
        if path.is_file():
            return str(path)
    raise ProgramMissingError(
        "This server has no pandoc, which reads and writes this format. Choose another one, or "
        "tell whoever runs the server.",
        retry_after_s=60,
    )
