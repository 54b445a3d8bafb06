"""Moments at which a test lets the process die, as by a power cut.

On the way of an edit (docs/system-flow.md, §4), and between the steps of a compaction (ADR 0007).
``FAILPOINT=after_insert:25`` arms one for a process: it dies by SIGKILL at the 25th time. Every
place looks at ``armed`` first; where nothing is armed, that look is all that it costs. For
``tests/crash`` only: the production settings refuse it.
"""

import asyncio
import logging
import os
import re
import signal
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

logger = logging.getLogger(__name__)

#: In the order of the way of an edit: between the name's step and the next one.
EDIT_POINTS = (
    "after_receipt",  # ``ack received`` is sent, nothing is stored
    "after_lock",
    "after_insert",  # the operations are in the log, and *documents* does not know
    "after_heads",  # *documents* has the new head, too
    "after_kafka",  # handed to the producer, not delivered
    "before_ack",  # the commit is known on the event loop
    "before_broadcast",  # ``ack persisted`` is sent to the author; nobody else has seen the edit
)
#: In the order of a compaction's steps (``apps.maintenance.compaction``).
COMPACTION_POINTS = (
    "after_packed",  # a row of packed operations is stored
    "after_base_marked",  # all is checked, nothing is decided
    "after_log_begins",  # the log begins later now; all operations are there
    "after_dropped",  # some operations are deleted
)
POINTS = (*EDIT_POINTS, *COMPACTION_POINTS)
#: How long the event loop gets to write what is queued to the sockets, in seconds.
SENDING_S = 0.05


@dataclass(slots=True)
class Failpoint:
    """An armed point and how many more times it has to be reached."""

    name: str
    left: int


#: What a test has switched on in this process.
armed: Failpoint | None = None


def arm(text: str | None) -> None:
    """Arm what ``FAILPOINT`` says, nothing when it says nothing.

    Raises ``ImproperlyConfigured``, which stops the start, for anything but ``POINT:TIMES``.
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


def waits_at(name: str) -> bool:
    """Tell whether this point is the armed one."""
    return armed is not None and armed.name == name


def reach(name: str) -> None:
    """Die here if it is time to."""
    if _is_time(name):
        _die(name)


async def reach_when_sent(name: str) -> None:
    """Die here if it is time to, once what is queued for the sockets is on its way."""
    if _is_time(name):
        await asyncio.sleep(SENDING_S)
        _die(name)


def _is_time(name: str) -> bool:
    if armed is None or not waits_at(name):
        return False
    armed.left -= 1
    return armed.left == 0


def _die(name: str) -> None:
    logger.warning("failpoint %s: this process ends here", name)
    os.kill(os.getpid(), signal.SIGKILL)
