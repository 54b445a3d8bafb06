"""Failpoints: a test makes the process die at a given step, as by a power cut.

They are on the way of an edit (docs/system-flow.md, §4), between the steps of a compaction (ADR
0007), of an upload, and of freeing a file. ``FAILPOINT=after_insert:25`` arms one for a process: it
dies by SIGKILL at the 25th time. Every call checks ``armed`` first, so an unarmed failpoint costs
only that check. For tests only: the production settings refuse it.
"""

import asyncio
import logging
import os
import re
import signal
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

logger = logging.getLogger(__name__)

#: In the order of an edit: each is between the step of its name and the next one.
EDIT_POINTS = (
    "after_receipt",  # ``ack received`` is sent, nothing is stored
    "after_lock",
    "after_insert",  # the operations are in the log, the head in *documents* is not moved
    "after_heads",  # *documents* has the new head
    "after_kafka",  # handed to the producer, not delivered
    "before_ack",  # the commit is known on the event loop
    "before_broadcast",  # ``ack persisted`` is sent to the author, the edit to nobody else
)
#: In the order of a compaction's steps (``apps.maintenance.compaction``).
COMPACTION_POINTS = (
    "after_packed",  # a row of compacted operations is stored
    "after_base_marked",  # everything is checked, nothing is decided
    "after_log_begins",  # the compaction point is stored, no operation is deleted
    "after_dropped",  # some operations are deleted
)
#: Of an upload (``apps.attachments.services``).
UPLOAD_POINTS = (
    "after_bytes",  # the bytes of a file are stored, no row says so
)
#: Of freeing a file (``apps.maintenance.freeing``, ``apps.attachments.references``).
FREE_POINTS = (
    "after_search",  # nothing was found to need the file, nothing is written
    "before_detached",  # its bytes were announced to stay for a day
    "after_detached",  # the document no longer has it, the bytes are there
)
POINTS = (*EDIT_POINTS, *COMPACTION_POINTS, *UPLOAD_POINTS, *FREE_POINTS)
#: Time for the event loop to write queued frames to the sockets, in seconds.
SEND_WAIT_S = 0.05


@dataclass(slots=True)
class Failpoint:
    """An armed failpoint, and how many more times it has to be reached."""

    name: str
    remaining: int


#: The failpoint that a test has armed in this process.
armed: Failpoint | None = None


def arm(text: str | None) -> None:
    """Arm the failpoint of ``FAILPOINT``, none when it is empty.

    Raises ``ImproperlyConfigured``, which stops the start, for anything except for ``POINT:TIMES``.
    """
    global armed  # noqa: PLW0603 - one for a process, as its environment is
    if not text:
        armed = None
        return
    name, _, times = text.partition(":")
    if name not in POINTS or not re.fullmatch(r"[1-9][0-9]*", times):
        raise ImproperlyConfigured(
            f'Environment variable "FAILPOINT" invalid: {text!r} is not POINT:TIMES with one of '
            f"the points {', '.join(POINTS)}."
        )
    armed = Failpoint(name, int(times))


def is_armed_at(name: str) -> bool:
    """Return whether this failpoint is armed."""
    return armed is not None and armed.name == name


def reach(name: str) -> None:
    """Die if this is the armed failpoint and its last time."""
    if _is_time(name):
        _die(name)


async def reach_when_sent(name: str) -> None:
    """Die as ``reach`` does, after the queued frames are written to the sockets."""
    if _is_time(name):
        await asyncio.sleep(SEND_WAIT_S)
        _die(name)


def _is_time(name: str) -> bool:
    if armed is None or not is_armed_at(name):
        return False
    armed.remaining -= 1
    return armed.remaining == 0


def _die(name: str) -> None:
    logger.warning("failpoint %s: this process ends here", name)
    os.kill(os.getpid(), signal.SIGKILL)
