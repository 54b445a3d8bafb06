"""Faults other than one clean kill, while four people type (§8, §9; DESIGN, invariants 1 to 6)."""

import asyncio
import signal

import redis

from tests.crash.checks import (
    check_nothing_lost,
    crowd,
    until_acknowledged,
    until_converged,
    until_published,
    until_written,
)
from tests.crash.stored import Stored, flipped, stored
from tests.crash.test_kills import PROCESSES
from tests.crash.typing_people import TypingPerson
from tests.support.control import wait_until_back
from tests.support.eventually import eventually
from tests.support.launcher import Launched
from tests.support.web_server import WebServer

#: Words that everybody has to write before a fault, and after it.
WORDS = 15


async def test_all_processes_killed_at_once_come_back_and_nothing_is_lost(stack: Launched) -> None:
    """The supervisor starts all seven again, in whatever order; nobody needs a hand."""
    document_id = stack.create_document("ada", grace="editor")
    async with crowd(stack, document_id) as people:
        await until_written(people, WORDS)
        pids = {process: stack.kill(process) for process in PROCESSES}
        for process, pid in pids.items():
            await asyncio.to_thread(wait_until_back, stack, process, pid)
        await until_written(people, WORDS)
        await until_converged(people)
        await check_nothing_lost(stack, document_id, people)
        await until_published(stack, document_id)


async def test_frozen_owner_that_wakes_up_late_harms_nothing(stack: Launched) -> None:
    """It is stopped with the lock in its hand, until others have written with a lock of theirs."""
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
    """Cache, channel layer and the workers' queue are empty; people on two servers go on."""
    document_id = stack.create_document("ada", grace="editor")
    with (
        WebServer(stack, "web-flushed", {"LOCK_LEASE_S": "1"}) as server,
        stored(stack, document_id) as store,
    ):
        here, there = stack.ws_url, server.ws_url
        async with crowd(stack, document_id, [here, there, there, here]) as people:
            await until_written(people, WORDS)
            await asyncio.to_thread(eventually, store.cached_snapshot, 30)
            with redis.Redis.from_url(stack.settings()["REDIS_URL"]) as client:
                client.flushall()
            await until_acknowledged(people, WORDS)
            await until_converged(people)
            await check_nothing_lost(stack, document_id, people)
            await asyncio.to_thread(eventually, store.cached_snapshot, 30)


async def test_damaged_snapshot_in_redis_is_passed_over_and_renewed(stack: Launched) -> None:
    """Who loads the document takes the version in MongoDB, says so, and caches that one."""
    document_id = stack.create_document("ada", grace="editor")
    async with crowd(stack, document_id) as people:
        with stored(stack, document_id) as store:
            sound = await _until_at_rest(stack, document_id, people, store)
            store.damage_cache(flipped(sound))
            await _load_anew(stack)
            await asyncio.to_thread(eventually, lambda: store.cached_snapshot() == sound)
        assert f"cached snapshot of {document_id} dropped" in stack.log("web")
        await _write_on(stack, document_id, people)


async def test_damaged_version_is_passed_over_and_made_anew(stack: Launched) -> None:
    """Who loads the document takes the version before, says so, and has a worker mend the other."""
    document_id = stack.create_document("ada", grace="editor")
    async with crowd(stack, document_id) as people:
        with stored(stack, document_id) as store:
            sound = await _until_at_rest(stack, document_id, people, store)
            number = store.versions()[0]["number"]
            store.damage_version(number, flipped(sound))
            store.damage_cache(flipped(sound))
            await _load_anew(stack)
            await asyncio.to_thread(
                eventually, lambda: bytes(store.versions()[0]["snapshot"]) == sound, 30
            )
            await asyncio.to_thread(eventually, lambda: store.cached_snapshot() == sound)
        assert f"version {number} of {document_id} passed over" in stack.log("web")
        assert f"version {number} of {document_id} was damaged" in stack.log("worker")
        await _write_on(stack, document_id, people)


# --- help ---


def _freeze_owner(server: WebServer, store: Stored) -> None:
    """Stop a server at a moment when it has the document's lock."""

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
    """Let people type and then pause; return the snapshot of all of it, cached and stored."""
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


async def _load_anew(stack: Launched) -> None:
    """Let the document be read from storage: those who are on it come back to a new process."""
    pid = stack.kill("web")
    await asyncio.to_thread(wait_until_back, stack, "web", pid)


async def _write_on(stack: Launched, document_id: str, people: list[TypingPerson]) -> None:
    for person in people:
        person.type_on()
    await until_written(people, WORDS)
    await until_converged(people)
    await check_nothing_lost(stack, document_id, people)
