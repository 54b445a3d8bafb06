"""The edits of a room that wait for the next batch, and the batch on its way into the log."""

import time

from apps.collab.limits import Limits
from apps.collab.submission import Submission
from apps.core.errors import TransientError
from apps.core.small_event import SmallEvent


class EditQueue:
    """A queue bounded in bytes, emptied in batches."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: list[Submission] = []
        self._batch_taken = SmallEvent(is_set=True)
        #: Size of the updates that wait, in bytes.
        self.size_bytes = 0
        #: How many batches were taken so far.
        self.batches = 0
        #: When the oldest waiting edit was queued, by the performance counter. Where a batch left
        #: edits behind, when the oldest of that batch was queued.
        self.queued_at = 0.0
        #: The batch on its way into the log.
        self.in_hand: list[Submission] = []

    def __bool__(self) -> bool:
        """Return whether edits wait."""
        return bool(self._waiting)

    def add(self, submission: Submission) -> None:
        """Queue an edit. Raises ``TransientError`` above ``queue_bytes``."""
        size_bytes = self.size_bytes + len(submission.update)
        if size_bytes > self._limits.queue_bytes:
            raise TransientError(
                "Edits come faster than they can be stored. Try again shortly.",
                extra={"limit": "queue_bytes"},
            )
        if not self._waiting:
            self.queued_at = time.perf_counter()
        self.size_bytes = size_bytes
        self._waiting.append(submission)
        self._batch_taken.clear()

    def take_batch(self) -> list[Submission]:
        """Move the oldest edits, up to ``batch_bytes``, into ``in_hand``; return them."""
        batch: list[Submission] = []
        size_bytes = 0
        for submission in self._waiting:
            if size_bytes >= self._limits.batch_bytes:
                break
            size_bytes += len(submission.update)
            batch.append(submission)
        self._waiting = self._waiting[len(batch) :]
        self.size_bytes -= size_bytes
        self.batches += 1
        self.in_hand = batch
        if not self._waiting:
            self._batch_taken.set()
        return batch

    async def wait_for_batch(self) -> None:
        """Wait until a batch has emptied the queue, or the queue was cleared."""
        await self._batch_taken.wait()

    def clear(self) -> list[Submission]:
        """Drop everything; return the edits in hand and those that waited."""
        dropped = [*self.in_hand, *self._waiting]
        self._waiting = []
        self._batch_taken.set()
        return dropped
