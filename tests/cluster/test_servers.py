"""Several web servers: one document on two of them, a killed server, a removed server."""

import asyncio
import statistics
import time
from collections import Counter
from functools import partial

import requests

from apps.collab import close_codes
from apps.core import ids
from tests.cluster.conftest import PROGRAMS, Cluster
from tests.crash.checks import (
    PATIENCE_S,
    check_nothing_lost,
    crowd,
    until_broken,
    until_converged,
    until_written,
)
from tests.crash.harm import flush
from tests.integration.conftest import Enter, read_log
from tests.support.clients import Client
from tests.support.control import away, wait_until_back
from tests.support.eventually import eventually_async
from tests.support.launcher import Launched
from tests.support.processes import family

#: Edits of each of two people.
EDITS = 25
#: Median time until an edit reaches the people of the other server, in seconds.
HEARD_S = 0.1
#: From a server's kill until its people are on another server, in seconds.
MOVED_S = 5.0
#: From a change of rights until every server enforces it, in seconds.
BITES_S = 1.0
#: Time until a reader has an edit whose message was dropped, in seconds; and the number of tries.
CAUGHT_UP_S = 5.0
DROPPED = 3
#: How often a right is revoked.
TAKEN = 3
#: Words that each person writes before a fault, and after it.
WORDS = 15
DOCUMENTS = 30


async def test_document_on_two_servers_converges_and_edits_arrive_at_once(
    enter: Enter, cluster: Cluster
) -> None:
    """Without the gateway; the people write in turn, and then at the same time."""
    stack = cluster.stack
    document_id = stack.create_document("ada", grace="editor")
    ada, grace = await _on_two_servers(enter, document_id)
    waits = [await _until_received(ada, grace, f"a{n} ") for n in range(EDITS)]
    waits += [await _until_received(grace, ada, f"g{n} ") for n in range(EDITS)]
    assert statistics.median(waits) < HEARD_S, sorted(waits)
    await asyncio.gather(*(_type(client, mark) for client, mark in ((ada, "x"), (grace, "y"))))
    for client in (ada, grace):
        await client.until(partial(_has_words, client, 4 * EDITS), 30)
    assert ada.text == grace.text
    assert [row["seq"] for row in read_log(stack, document_id)] == list(range(1, 4 * EDITS + 1))


async def test_messages_between_servers_that_are_dropped_are_read_from_the_log(
    enter: Enter, cluster: Cluster
) -> None:
    """Redis loses the subscriptions; readers still catch up, at the median within 5 s."""
    stack = cluster.stack
    ada, grace = await _on_two_servers(enter, stack.create_document("ada", grace="editor"))
    await _until_received(ada, grace, "first ")
    waits = []
    for number in range(DROPPED):
        await asyncio.to_thread(flush, stack)
        waits.append(await _until_received(ada, grace, f"dropped{number} "))
    assert statistics.median(waits) <= CAUGHT_UP_S, waits
    assert max(waits) > HEARD_S, "nothing was dropped"


async def _on_two_servers(enter: Enter, document_id: str) -> tuple[Client, Client]:
    """Open a document for ada on the first server and for grace on the second."""
    ada = await enter("ada", document_id, native=True, at="web-1")
    grace = await enter("grace", document_id, native=True, at="web-2")
    for client in (ada, grace):
        await asyncio.wait_for(client.synced.wait(), 10)
    return ada, grace


def _has_words(client: Client, count: int) -> bool:
    return len(client.text.split()) == count


async def _until_received(writer: Client, reader: Client, word: str) -> float:
    """Return the time until an edit reaches the other person's document, in seconds."""
    began = time.monotonic()
    await writer.append(word)
    await reader.until(lambda: word in reader.text)
    return time.monotonic() - began


async def _type(client: Client, mark: str) -> None:
    for number in range(EDITS):
        await client.insert(0, f"{mark}{number} ")
        await asyncio.sleep(0.005)


async def test_rights_revoked_on_one_server_are_enforced_on_another(
    enter: Enter, cluster: Cluster
) -> None:
    """By REST at the first; sessions at the third end within a second, at the median."""
    waits = [await _until_revoked(enter, cluster) for _ in range(TAKEN)]
    assert statistics.median(waits) < BITES_S, waits


async def _until_revoked(enter: Enter, cluster: Cluster) -> float:
    """Return the time until a session ends whose right is revoked on another server, in seconds."""
    stack = cluster.stack
    document_id = stack.create_document("ada")
    pk = stack.share(document_id, "grace", "editor")
    grace = await enter("grace", document_id, at="web-3")
    await asyncio.wait_for(grace.synced.wait(), 10)
    taken = await asyncio.to_thread(
        requests.delete,
        f"{cluster.url('web-1')}/api/v1/documents/{document_id}/permissions/{pk}/",
        headers={"Authorization": f"Bearer {stack.token('ada')}"},
        timeout=30,
    )
    began = time.monotonic()
    assert taken.status_code == 204
    assert await grace.until_closed() == close_codes.FORBIDDEN
    return time.monotonic() - began


async def test_killed_servers_people_are_on_another_and_nothing_seen_is_lost(
    cluster: Cluster,
) -> None:
    """The server is restarted, and then the gateway routes its share to it again."""
    stack = cluster.stack
    document_id = stack.create_document("ada", grace="editor")
    home = cluster.home_of(document_id)
    async with crowd(stack, document_id) as people:
        await until_written(people, WORDS)
        died_at = time.monotonic()
        pid = stack.kill(home)
        await until_broken(people)

        async def moved() -> bool:
            return all(person.is_connected for person in people)

        await eventually_async(moved, PATIENCE_S)
        assert time.monotonic() - died_at < MOVED_S
        assert await asyncio.to_thread(cluster.home_of, document_id) != home
        await until_written(people, WORDS)
        await asyncio.to_thread(wait_until_back, stack, home, pid)

        async def is_home() -> bool:
            return await asyncio.to_thread(cluster.home_of, document_id) == home

        await eventually_async(is_home, PATIENCE_S)
        await until_written(people, WORDS)
        await until_converged(people)
        await check_nothing_lost(stack, document_id, people)


async def test_killed_gateway_is_restarted_and_people_reconnect(
    stack: Launched,
) -> None:
    """No process is left that still listens on its port."""
    document_id = stack.create_document("ada", grace="editor")
    async with crowd(stack, document_id) as people:
        await until_written(people, WORDS)
        pid = stack.kill("gateway")
        await until_broken(people)
        await asyncio.to_thread(stack.wait_for_another, "gateway", pid)
        await until_written(people, WORDS)
        await until_converged(people)
        await check_nothing_lost(stack, document_id, people)


def test_every_program_has_a_pid_file_that_names_its_process(stack: Launched) -> None:
    """Each file names a different descendant of the launcher."""
    pids = {name: stack.pid(name) for name in PROGRAMS}
    assert len(set(pids.values())) == len(PROGRAMS)
    assert set(pids.values()) <= {process.pid for process in family(stack.process.pid)}
    assert all((stack.data_dir / "log" / f"{name}.log").is_file() for name in PROGRAMS)


def test_page_through_the_gateway_has_each_security_header_once(stack: Launched) -> None:
    """They are Django's; the gateway adds none."""
    answer = requests.get(f"{stack.url}/login/", timeout=30)
    names = Counter(name.lower() for name, _ in answer.raw.headers.items())
    for name in (
        "content-security-policy",
        "x-frame-options",
        "x-content-type-options",
        "referrer-policy",
    ):
        assert names[name] == 1, name
    assert "nginx/" not in answer.headers["Server"]


def test_removed_server_moves_only_its_own_documents(cluster: Cluster, stack: Launched) -> None:
    """The documents of the other servers do not move."""
    documents = [ids.new_id() for _ in range(DOCUMENTS)]
    before = {document_id: cluster.home_of(document_id) for document_id in documents}
    assert len(Counter(before.values())) == len(cluster.ports)
    with away(stack, "web-2"):
        during = {document_id: cluster.home_of(document_id) for document_id in documents}
    moved = {document_id for document_id in documents if during[document_id] != before[document_id]}
    assert moved == {document_id for document_id in documents if before[document_id] == "web-2"}
