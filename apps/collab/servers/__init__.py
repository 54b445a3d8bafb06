"""The web servers that Scriptorium runs on (ADR 0010), and what both leave to us.

A client that does not read holds up its sender, and one that sends more than is handled is held
up itself (backpressure, both ways); a frame over the limit gets our close code, and a stop finishes
the commits in flight and tells every session to come back.
"""

import asyncio
import logging

from django.conf import settings

from apps.collab.limits import Limits
from apps.collab.runtime import close_runtime
from apps.core import tracing
from apps.oplog.publisher import close_shared_publisher

logger = logging.getLogger(__name__)

#: How long a client has to read what is queued before a close frame and to answer it, in seconds.
CLOSE_WAIT_S = 10
#: How often an idle client is asked whether it is there, and how long it may take, in seconds.
PING_S = 20
PONG_WAIT_S = 30
#: So much of a socket is read at a time: some hundred small frames, whose decoding holds up all
#: other sockets.
READ_BYTES = 8 * 1024
#: A socket with so many frames that were not handled, or after a frame of so many bytes, is not
#: read from until they are.
WAITING_FRAMES = 64
LARGE_BYTES = 256 * 1024
#: Bytes above the frame limit that the server reads, so that the limit's own close code is sent.
_SLACK_BYTES = 1024


def read_limit_bytes() -> int:
    """Return how large a frame may be that is read at all."""
    return Limits(**settings.COLLAB_LIMITS).frame_bytes + _SLACK_BYTES


async def finish() -> None:
    """Finish what is in flight; to be waited for before the sockets are cut."""
    try:
        await close_runtime()
        await asyncio.to_thread(close_shared_publisher)
        await asyncio.to_thread(tracing.stop)
    except Exception:
        logger.exception("not everything was finished; the log has what was acknowledged")
