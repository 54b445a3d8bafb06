"""Faults other than one clean kill, while four people type (docs/invariants.md, 1 to 6)."""

import asyncio
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.embedded.data_dir import DataDir
from apps.embedded.programs import services, unprivileged
from tests.crash.checks import (
    check_nothing_lost,
    crowd,
    seconds_until_next_ack,
    until_acknowledged,
    until_broken,
    until_converged,
    until_published,
    until_written,
)
from tests.crash.harm import flush, kill, no_byte_more, staged
from tests.crash.typing_people import TypingPerson
from tests.support.control import PROCESSES, away
from tests.support.eventually import eventually
from tests.support.launcher import ROOT, START_WAIT_S, Launched
from tests.support.stored import Stored, flipped, stored
from tests.support.web_server import WebServer

#: Words that each person writes before a fault, and after it.
WORDS = 15
#: Reconnects of each person that fail while a disk is full.
ATTEMPTS = 10
#: How long a server may wait for the lock, without a message to its owner, in seconds.
TURN_S = 12
#: Duration of each response of the slow MongoDB, in seconds.
SLOW_S = 5


async def test_all_processes_killed_at_once_come_back_and_nothing_is_lost(stack: Launched) -> None:
    """The supervisor restarts all seven, in any order, without help."""
    document_id = stack.create_document("ada", grace="editor")
    async with crowd(stack, document_id) as people:
        await until_written(people, WORDS)
        await asyncio.to_thread(kill, stack, PROCESSES)
        await until_written(people, WORDS)
        await until_converged(people)
        await check_nothing_lost(stack, document_id, people)
        await until_published(stack, document_id)


async def test_frozen_owner_that_wakes_up_late_harms_nothing(stack: Launched) -> None:
    """It is frozen while it holds the lock, until others have written under their own lock."""
    document_id = stack.create_document("ada", grace="editor")
    with (
        WebServer(stack, "web-frozen", {"LOCK_LEASE_S": "1"}) as server,
        stored(stack, document_id) as store,
    ):
        here, there = stack.ws_url, server.ws_url
        async with crowd(stack, document_id, [there, here, here, there]) as people:
            await until_written(people, WORDS)
            await asyncio.to_thread(_freeze_owner, server, store)
            await until_acknowledged(people[2:3], WORDS)
            assert not store.lock_owner().startswith("web-frozen:")
            server.send(signal.SIGCONT)
            await until_written(people, WORDS)
            await until_converged(people)
            await check_nothing_lost(stack, document_id, people)


async def test_redis_flushed_in_mid_session_loses_nothing(stack: Launched) -> None:
    """Cache, channel layer and the workers' queue are empty; people on two servers continue.

    Each server gets its turn to write, though no request for the lock arrives at the other.
    """
    document_id = stack.create_document("ada", grace="editor")
    with (
        WebServer(stack, "web-flushed", {"LOCK_LEASE_S": "1"}) as server,
        stored(stack, document_id) as store,
    ):
        here, there = stack.ws_url, server.ws_url
        async with crowd(stack, document_id, [here, there, there, here]) as people:
            await until_written(people, WORDS)
            await asyncio.to_thread(eventually, store.cached_snapshot, 30)
            flush(stack)
            async with asyncio.timeout(TURN_S):
                await until_acknowledged(people, WORDS)
            await until_converged(people)
            await check_nothing_lost(stack, document_id, people)
            await asyncio.to_thread(eventually, store.cached_snapshot, 30)


async def test_damaged_snapshot_in_redis_is_skipped_and_replaced(stack: Launched) -> None:
    """The next load uses the version in MongoDB, logs that, and caches it."""
    document_id = stack.create_document("ada", grace="editor")
    async with crowd(stack, document_id) as people:
        with stored(stack, document_id) as store:
            sound = await _until_at_rest(stack, document_id, people, store)
            store.damage_cache(flipped(sound))
            await asyncio.to_thread(kill, stack, ["web"])
            await asyncio.to_thread(eventually, lambda: store.cached_snapshot() == sound)
        assert f"snapshot of {document_id} (redis) passed over" in stack.log("web")
        await _write_on(stack, document_id, people)


async def test_damaged_version_is_skipped_and_repaired(stack: Launched) -> None:
    """The next load uses the version before, logs that, and lets a worker repair the other."""
    document_id = stack.create_document("ada", grace="editor")
    async with crowd(stack, document_id) as people:
        with stored(stack, document_id) as store:
            sound = await _until_at_rest(stack, document_id, people, store)
            number = store.versions()[0]["number"]
            store.damage_version(number, flipped(sound))
            store.damage_cache(flipped(sound))
            await asyncio.to_thread(kill, stack, ["web"])
            await asyncio.to_thread(
                eventually, lambda: bytes(store.versions()[0]["snapshot"]) == sound, 30
            )
            await asyncio.to_thread(eventually, lambda: store.cached_snapshot() == sound)
        assert f"snapshot of {document_id} (version {number}) passed over" in stack.log("web")
        line = f"version {number} of {document_id} was damaged"
        await asyncio.to_thread(eventually, lambda: line in stack.log("worker"))
        await _write_on(stack, document_id, people)


async def test_full_disk_of_mongodb_acknowledges_nothing_and_loses_nothing(stack: Launched) -> None:
    """The running server cannot write another byte, as on a full disk; then it can again.

    Its process gets a limit of the kernel (``RLIMIT_FSIZE``), so each write fails with ``EFBIG``
    (Python ignores the signal that comes with it). The writes of a running server fail in the same
    way on a file system that becomes read-only.
    """
    document_id = stack.create_document("ada", grace="editor")
    async with crowd(stack, document_id) as people:
        await until_written(people, WORDS)
        with stored(stack, document_id) as store:
            with no_byte_more(stack.pid("mongo")):
                await until_broken(people)
                head, promised = store.head(), [set(person.acknowledged) for person in people]
                await until_broken(people, ATTEMPTS)
                assert store.head() == head
                assert [set(person.acknowledged) for person in people] == promised
            await until_acknowledged(people, WORDS)
        await until_converged(people)
        await check_nothing_lost(stack, document_id, people)


async def test_mongodb_restarted_on_a_read_only_directory_does_not_serve(stack: Launched) -> None:
    """It exits with the reason; when it can write again, all edits arrive.

    Root may write to a folder of any mode. So if the tests run as root, the server is started as
    PostgreSQL is: in a user namespace in which it is not root.
    """
    document_id = stack.create_document("ada", grace="editor")
    async with crowd(stack, document_id) as people:
        await until_written(people, WORDS)
        with away(stack, "mongo"), _read_only(stack.data_dir / "mongo"):
            await until_broken(people)
            done = await asyncio.to_thread(_run_mongo, stack)
            assert done.returncode == 1
            assert "readonly database" in done.stderr
        await until_acknowledged(people, WORDS)
        await until_converged(people)
        await check_nothing_lost(stack, document_id, people)


async def test_slow_mongodb_delays_edits_on_its_own_server_only(
    stack: Launched,
) -> None:
    """One server gets each response after 5 s, long after its lease has expired.

    Its edits are acknowledged late; those on the other server are not delayed.
    """
    document_id = stack.create_document("ada", grace="editor")
    with staged(stack, "web-slow") as stage:
        here, there = stack.ws_url, stage.server.ws_url
        async with crowd(stack, document_id, [there, here, here, there]) as people:
            waiting, *others = people
            await until_written(people, WORDS)
            for person in others:
                person.stop_typing()
            await until_acknowledged([waiting], WORDS)
            await until_converged(people)
            stage.proxy.delay_s = SLOW_S
            waiting.type_on()
            assert await seconds_until_next_ack(waiting) >= SLOW_S
            assert not waiting.breaks
            _type_on(others)
            await until_acknowledged(others, WORDS)
            stage.proxy.delay_s = 0
            await until_acknowledged(people, WORDS)
            await until_converged(people)
            await check_nothing_lost(stack, document_id, people)


# --- helpers ---


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """Remove the write permission of a folder and its files, until the end."""
    modes = {path: path.stat().st_mode for path in [folder, *folder.iterdir()]}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def _run_mongo(stack: Launched) -> "subprocess.CompletedProcess[str]":
    """Run the Mongo server as the supervisor does, but never as root, to its end."""
    (program,) = (p for p in services(DataDir.open(stack.data_dir)) if p.name == "mongo")
    return subprocess.run(
        [*unprivileged(), *program.command],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=START_WAIT_S,
    )


def _freeze_owner(server: WebServer, store: Stored) -> None:
    """Stop a server while it holds the document's lock."""

    def frozen() -> bool:
        server.send(signal.SIGSTOP)
        if store.lock_owner().startswith("web-frozen:"):
            return True
        server.send(signal.SIGCONT)
        return False

    eventually(frozen)


async def _until_at_rest(
    stack: Launched, document_id: str, people: list[TypingPerson], store: Stored
) -> bytes:
    """Let people type and pause; return the snapshot of all edits, cached and stored."""
    await until_written(people, WORDS)
    await until_converged(people)
    await check_nothing_lost(stack, document_id, people)

    def snapshot() -> bytes | None:
        latest = store.versions()[0]
        packed = bytes(latest["snapshot"])
        is_all = latest["seq"] == store.head() and store.cached_snapshot() == packed
        return packed if is_all else None

    found = await asyncio.to_thread(eventually, snapshot, 30)
    assert found is not None
    return found


def _type_on(people: list[TypingPerson]) -> None:
    for person in people:
        person.type_on()


async def _write_on(stack: Launched, document_id: str, people: list[TypingPerson]) -> None:
    _type_on(people)
    await until_written(people, WORDS)
    await until_converged(people)
    await check_nothing_lost(stack, document_id, people)
