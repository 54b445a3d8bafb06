"""Notes of the documents that a process loads, merges or encodes (``apps.core.crash_journal``).

The first note of a process reads what the processes before it have left: a document with which one
died is a suspect from then on. At the second death it is quarantined by crash.
"""

import atexit
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from django.conf import settings

from apps.core.crash_journal import CrashJournal, left_notes
from apps.oplog.document_quarantine import (
    CRASH,
    document_quarantine,
    document_suspect,
    suspicions_end,
)

logger = logging.getLogger(__name__)

#: Deaths in a row, of processes that worked on nothing else, and on others too, until a document is
#: quarantined. Threat: a document that ends each process that loads it.
MAX_DEATHS_ALONE: Final = 2
MAX_DEATHS: Final = 3

_lock = Lock()
_journal: CrashJournal | None = None


@contextmanager
def work_noted(document_id: str) -> Iterator[None]:
    """Note a document while the engine works on it. Costs some microseconds.

    The first call in a process raises ``PyMongoError`` when the store is away and a process died.
    """
    journal = _journal or _opened()
    if journal is None:
        yield
        return
    number = journal.begin(document_id)
    try:
        yield
    finally:
        journal.end(number)


def deaths_record(folder: Path) -> None:
    """Record the documents with which processes died, as suspects or in quarantine.

    Only deaths in a row count: a process may also be killed, whatever it works on.
    """
    for left in left_notes(folder):
        if not left.subjects:
            suspicions_end()
        for document_id in left.subjects:
            deaths = document_suspect(document_id=document_id)
            logger.error("a process died while it worked on %s, time %s", document_id, deaths)
            if deaths >= (MAX_DEATHS_ALONE if len(left.subjects) == 1 else MAX_DEATHS):
                document_quarantine(document_id=document_id, reason=CRASH)
        left.remove()


def _opened() -> CrashJournal | None:
    global _journal  # noqa: PLW0603 - one for a process
    if not settings.CRASH_JOURNAL_DIR:
        return None
    with _lock:
        if _journal is None:
            folder = Path(settings.CRASH_JOURNAL_DIR)
            deaths_record(folder)
            _journal = CrashJournal(folder)
            atexit.register(_journal.close)
        return _journal
