"""Group commit: the edits of all rooms of a process share their round trips to the log.

One commit is in flight; edits that arrive meanwhile form the next one. Under load the commits grow,
their number does not (docs/system-flow.md, §4): then a commit also waits for others to share it.
Large appends have commits of their own beside these.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from apps.collab.commit_pacing import CommitPacing
from apps.core import metrics
from apps.oplog.leases import Leases
from apps.oplog.publisher import Publisher
from apps.oplog.services import Append, Appended, operations_append

logger = logging.getLogger(__name__)

T = TypeVar("T")


#: Appends of more bytes are large. Threat: a person whose megabytes delay the edits of others.
LARGE_BYTES: Final = 64 * 1024


class Committer:
    """Writes to the log for all rooms, off the event loop.

    Large appends have a lane of their own, so that no edit of a person waits for their bytes.
    ``now`` returns monotonic seconds.
    """

    def __init__(
        self,
        *,
        leases: Leases,
        publisher: Publisher,
        pacing: CommitPacing | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._pacing = pacing or CommitPacing()
        self._now = now
        append = partial(operations_append, leases=leases, publisher=publisher)
        self._lane = _Lane(append, self._pacing, now, name="committer")
        self._large = _Lane(append, CommitPacing(longest_s=0), now, name="large-committer")
        self._releases: set[asyncio.Task[bool]] = set()

    @property
    def interval_s(self) -> float:
        """Return the present interval between the beginnings of two commits."""
        return self._pacing.interval_s(self._now())

    async def append(self, append: Append) -> Appended:
        """Append to one document's log with the next commit; the caller has one append in flight.

        Raises ``PyMongoError`` when the store failed; the operations may be in the log or not.
        """
        size_bytes = sum(operation.size_bytes for operation in append.operations)
        lane = self._lane if size_bytes <= LARGE_BYTES else self._large
        return await lane.append(append)

    async def release(self, document_id: str) -> bool:
        """Release a document's lock, after any commit in flight; return False when it was not held.

        Never raises: while the store is away, the lease expires.
        """
        if not self._leases.holds(document_id):
            return False
        try:
            await self._lane.run(lambda: self._leases.release([document_id]))
        except Exception:
            metrics.LOOP_ERRORS.labels(loop="release").inc()
            logger.warning("lock of %s not released, it will expire", document_id, exc_info=True)
        return True

    def release_soon(self, document_id: str) -> None:
        """Release a document's lock without waiting for it."""
        task = asyncio.create_task(self.release(document_id))
        self._releases.add(task)
        task.add_done_callback(self._releases.discard)

    async def close(self) -> None:
        """Finish the commits in flight, release all locks and stop."""
        await self._lane.finish()
        await self._large.finish()
        if self._releases:
            await asyncio.wait(self._releases)
        try:
            await self._lane.run(self._leases.release_all)
        except Exception:
            logger.warning("locks not released, they will expire", exc_info=True)
        self._lane.stop()
        self._large.stop()


class _Lane:
    """Commits one after the other, in one thread."""

    def __init__(
        self,
        write: Callable[[Sequence[Append]], list[Appended]],
        pacing: CommitPacing,
        now: Callable[[], float],
        *,
        name: str,
    ) -> None:
        self._write = write
        self._pacing = pacing
        self._now = now
        self._name = name
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._waiting: list[tuple[Append, asyncio.Future[Appended]]] = []
        self._task: asyncio.Task[None] | None = None

    async def append(self, append: Append) -> Appended:
        """Write with the next commit."""
        future: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        self._pacing.note_append(self._now())
        self._waiting.append((append, future))
        if self._task is None:
            self._task = asyncio.create_task(self._commit_all(), name=self._name)
        return await future

    async def run(self, function: Callable[[], T]) -> T:
        """Run a function in the thread, after any commit in flight."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    async def finish(self) -> None:
        """Wait until nothing is in flight."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def stop(self) -> None:
        """End the thread, after what it does."""
        self._thread.shutdown(wait=False)

    async def _commit_all(self) -> None:
        """Commit until nothing waits."""
        try:
            while self._waiting:
                await self._pace()
                batch, self._waiting = self._waiting, []
                await self._commit(batch)
        finally:
            self._task = None

    async def _pace(self) -> None:
        """Wait until the next commit may begin; its edits are those that wait by then."""
        wait_s = self._pacing.wait_s(self._now())
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        self._pacing.note_commit(self._now())

    async def _commit(self, batch: list[tuple[Append, asyncio.Future[Appended]]]) -> None:
        appends = [append for append, _ in batch]
        try:
            answers = await self.run(lambda: self._write(appends))
        except Exception as err:  # noqa: BLE001 - passed to every room, which discards itself
            metrics.COMMIT_FAILED.inc()
            for _, future in batch:
                if not future.done():
                    future.set_exception(err)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
