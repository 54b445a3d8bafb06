"""The web servers that Scriptorium runs on (ADR 0010), and what both need from us.

Backpressure works both ways: a client that does not read delays only its own writer, and a client
that sends faster than its frames are handled is not read from. A frame over the limit gets our
close code. A stop finishes the commits in flight and closes every session to reconnect.
"""

import asyncio
import functools
import logging

from django.conf import settings

from apps.collab.limits import Limits
from apps.collab.runtime import close_runtime
from apps.core import tracing
from apps.oplog.publisher import close_shared_publisher

logger = logging.getLogger(__name__)

#: How long a client has to read what is queued before a close frame and to answer it, in seconds.
CLOSE_WAIT_S = 10
#: Interval between pings to an idle client, and how long its pong may take, in seconds.
PING_S = 20
PONG_WAIT_S = 30
#: Bytes read from a socket at a time: some hundred small frames. Decoding them delays all other
#: sockets.
READ_BYTES = 8 * 1024
#: Bytes decoded at a time while others are served, and within a large frame.
PIECE_BYTES = 1024
LARGE_PIECE_BYTES = 64 * 1024
#: Frames of one socket that are decoded at one turn of the event loop (``apps.collab.fair_turns``),
#: while others are served and otherwise; and bytes of a large frame.
TURN_FRAMES = 32
UNSHARED_TURN_FRAMES = 128
TURN_BYTES = 64 * 1024
#: A socket is not read from while this many frames wait to be handled, or while a frame of more
#: than this many bytes does.
WAITING_FRAMES = 64
LARGE_BYTES = 256 * 1024
#: Bytes beyond the frame limit that the server reads, so that it can send the limit's close code.
_SLACK_BYTES = 1024


@functools.cache
def socket_limits() -> Limits:
    """Return the limits of this process."""
    return Limits(**settings.COLLAB_LIMITS)


def read_limit_bytes() -> int:
    """Return the size up to which a frame is read at all."""
    return socket_limits().frame_bytes + _SLACK_BYTES


async def finish() -> None:
    """Finish the commits in flight. Await this before the sockets are closed."""
    try:
        await close_runtime()
        await asyncio.to_thread(close_shared_publisher)
        await asyncio.to_thread(tracing.stop)
    except Exception:
        logger.exception("not everything was finished; the log has what was acknowledged")
