"""Frames as heavy as a client may send: nobody else waits for them."""

import asyncio
import base64
import contextlib
import json
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
from websockets.exceptions import ConnectionClosed

from apps.collab.limits import Limits
from apps.collab.protocol import STAGE_PERSISTED, encode_sync_step1, encode_sync_update
from apps.crdt.codec.lib0 import write_var_uint
from tests.collab.test_rehearsals import single_values, values
from tests.crdt.engine.placing import encoded
from tests.crdt.engine.test_merge_cost import claims_by_many, claims_by_one, text
from tests.integration.conftest import Enter
from tests.support.clients import Client
from tests.support.control import until_served
from tests.support.launcher import Launched
from tests.support.probes import PROBE_MAX_S, probed


def elements(count: int, *, client: int = 1) -> bytes:
    """Return shared texts beside each other, in structs as short as can be, in a root of theirs."""
    out = bytearray(b"\x01")
    write_var_uint(out, count)
    out += bytes((client, 0, 0x07, 0x01, 0x01, 0x40 + client, 0x02))
    for clock in range(count - 1):
        out += bytes((0x87, client))
        write_var_uint(out, clock)
        out.append(2)
    return bytes(out + b"\x00")


def pages(count: int) -> bytes:
    """Return a letter of each of many clients, each in a root of its own."""
    out = bytearray()
    write_var_uint(out, count)
    for client in range(1, count + 1):
        out.append(1)
        write_var_uint(out, client)
        out += b"\x00\x04\x01\x01a\x01x"
    return bytes(out + b"\x00")


def needs(count: int) -> bytes:
    """Return an update that deletes a letter of each of many clients that are not there."""
    out = bytearray(b"\x00")
    write_var_uint(out, count)
    for client in range(1, count + 1):
        write_var_uint(out, client)
        out += b"\x01\x00\x01"
    return bytes(out)


ATTACKS: Final[dict[str, Callable[[], list[bytes]]]] = {
    "letters": lambda: [encoded(text(400_000))],
    "elements": lambda: [elements(Limits().update_structs)],
    "too many elements": lambda: [elements(700_000)],
    "claims of one": lambda: [encoded(text(60_000) + claims_by_one(60_000))],
    "claims of many": lambda: [encoded(text(10) + claims_by_many(60_000))],
    "claims of as many as may be": lambda: [encoded(text(10) + claims_by_many(9_900))],
    "clients": lambda: [pages(Limits().update_clients)],
    "needs": lambda: [needs(500_000)],
    "deletes": lambda: [values(1_000_000, deleted=True)],
    "values": lambda: [single_values(400_000)],
    "many edits without a survey": lambda: [
        elements(2_200, client=client) for client in range(1, 64)
    ],
}


async def _submit(client: Client, updates: list[bytes]) -> None:
    """Send updates at once; wait for the answer to the last one."""
    for number, update in enumerate(updates):
        await client.submit(update, f"attack-{number}")
    last = f"attack-{len(updates) - 1}"

    def is_answered() -> bool:
        return bool(client.rejects or client.ack(last, STAGE_PERSISTED))

    await client.until(is_answered, 60)


MAKE_PEOPLE = """
import json
from django.contrib.auth.hashers import make_password
from apps.accounts.models import Permission, User
from apps.accounts.roles import Role
from apps.accounts.tokens import tokens_issue
tokens = {}
known_password = make_password("scriptorium")
for number in range(30):
    user = User.objects.create(username=f"attacker-{number}", password=known_password)
    Permission.objects.create(user=user, role=Role.CREATOR)
    tokens[user.username] = tokens_issue(user).access
print(json.dumps(tokens))
"""


@pytest.fixture(scope="module")
def attackers(stack: Launched) -> Iterator[Iterator[str]]:
    """Return new people who may create documents: each has a budget of large edits."""
    printed = stack.manage("shell", "--no-imports", "-c", MAKE_PEOPLE)
    tokens: dict[str, str] = json.loads(printed)
    with stack.tokens_of(tokens):
        yield iter(tokens)


@pytest.fixture
def attacker(attackers: Iterator[str]) -> str:
    """Return a new person."""
    return next(attackers)


@pytest.mark.parametrize("attack", ATTACKS)
async def test_heavy_edit_delays_nobody_else(
    attack: str, attacker: str, enter: Enter, stack: Launched
) -> None:
    """The server answers others meanwhile, whether it takes the edit or refuses it (goal of C2)."""
    updates = ATTACKS[attack]()
    attacked, other = stack.create_document(attacker), stack.create_document("ada")
    grace = await enter(attacker, attacked, native=True)
    ada = await enter("ada", other, native=True)
    await ada.until_ack(await ada.append("before "))
    async with probed(stack) as took:
        await _submit(grace, updates)
        await ada.until_ack(await ada.append("after"))
    assert max(took) <= PROBE_MAX_S


async def test_sync_of_a_heavy_document_delays_nobody_else(
    attacker: str, enter: Enter, stack: Launched
) -> None:
    """A document of 5 MB of structs as short as can be, read by socket and by REST."""
    attacked = stack.create_document(attacker)
    grace = await enter(attacker, attacked, native=True)
    for client in (1, 2):
        await grace.submit(elements(400_000, client=client), f"elements-{client}")
        await grace.until(lambda n=client: grace.ack(f"elements-{n}", STAGE_PERSISTED), 60)
    async with probed(stack) as took:
        second = await enter(attacker, attacked, native=True)
        await asyncio.wait_for(second.synced.wait(), 60)
        answer = await asyncio.to_thread(
            stack.call, attacker, "GET", f"documents/{attacked}/state/"
        )
    assert answer.status_code == 200
    assert len(answer.content) > 4_500_000
    assert max(took) <= PROBE_MAX_S


async def test_load_of_heavy_documents_delays_nobody_else(
    attackers: Iterator[str], enter: Enter, stack: Launched
) -> None:
    """What the server took of these attacks, loaded by one that has just started (goal of C2)."""
    attacked: dict[str, str] = {}
    for attack in ("letters", "elements", "clients", "many edits without a survey"):
        attacker = next(attackers)
        document_id = stack.create_document(attacker)
        grace = await enter(attacker, document_id, native=True)
        await _submit(grace, ATTACKS[attack]())
        assert not grace.rejects
        attacked[document_id] = attacker
    stopped = stack.kill("web", signal.SIGTERM)
    await asyncio.to_thread(stack.wait_for_another, "web", stopped)
    await asyncio.to_thread(until_served, f"{stack.url}/readyz")
    async with probed(stack) as took:
        for document_id, attacker in attacked.items():
            grace = await enter(attacker, document_id, native=True)
            await asyncio.wait_for(grace.synced.wait(), 60)
    assert max(took) <= PROBE_MAX_S


def vector(count: int) -> bytes:
    """Return a version vector of invented clients."""
    out = bytearray()
    write_var_uint(out, count)
    for client in range(1, count + 1):
        write_var_uint(out, client)
        out.append(1)
    return bytes(out)


#: Frames of up to 4 MiB that change nothing, of a person who may only read.
FRAMES_OF_READERS: Final[dict[str, Callable[[], bytes]]] = {
    "deletes": lambda: encode_sync_update(needs(700_000)),
    "deletes with a byte too many": lambda: encode_sync_update(needs(700_000) + b"\x00"),
    "vectors": lambda: encode_sync_step1(vector(1_000_000)),
}
#: Sockets of that person, and frames on each.
READERS, FRAMES = 10, 4
#: What a probe may take meanwhile, in seconds: the bytes of the frames are received, too. It was
#: 4.5 and more when each socket had a thread.
CROWD_MAX_S: Final = 1.0


@pytest.mark.parametrize("frame", FRAMES_OF_READERS)
async def test_heavy_frames_of_a_reader_delay_nobody_else(
    frame: str, attacker: str, enter: Enter, stack: Launched
) -> None:
    """On ten sockets at once: the probe, and the words of others in the same document."""
    document_id = stack.create_document("ada", **{attacker: "viewer"})
    ada = await enter("ada", document_id, native=True)
    await ada.until_ack(await ada.append("before "))
    readers = [await enter(attacker, document_id) for _ in range(READERS)]
    sent = FRAMES_OF_READERS[frame]()

    async def send(reader: Client) -> None:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(FRAMES):
                await reader.send(sent)

    flood = asyncio.gather(*map(send, readers))
    async with probed(stack) as took:
        await ada.until_ack(await ada.append("during "))
        await flood
        await ada.until_ack(await ada.append("after"))
        for reader in readers:
            await reader.until_closed(60)
    assert max(took) <= CROWD_MAX_S


#: Updates of up to 4 MiB that change nothing, sent by REST.
UPDATES_BY_REST: Final[dict[str, Callable[[], bytes]]] = {
    "deletes": lambda: needs(700_000),
    "deletes with a byte too many": lambda: needs(700_000) + b"\x00",
}
CALLS = 10


@pytest.mark.parametrize("update", UPDATES_BY_REST)
async def test_heavy_edits_by_rest_delay_nobody_else(
    update: str, attacker: str, enter: Enter, stack: Launched
) -> None:
    """Ten calls at once, which are refused: the probe, and the words of others meanwhile."""
    document_id = stack.create_document("ada", **{attacker: "editor"})
    ada = await enter("ada", document_id, native=True)
    await ada.until_ack(await ada.append("before "))
    encoded_update = base64.b64encode(UPDATES_BY_REST[update]()).decode()
    body = json.dumps({"update": encoded_update, "unique_id": "large"}).encode()

    def post() -> str:
        answer = stack.call(
            attacker,
            "POST",
            f"documents/{document_id}/operations/",
            data=body,
            headers={"Content-Type": "application/json"},
        )
        return str(answer.json()["code"])

    with ThreadPoolExecutor(CALLS) as threads:  # beside those of the probe
        loop = asyncio.get_running_loop()
        calls = asyncio.gather(*(loop.run_in_executor(threads, post) for _ in range(CALLS)))
        async with probed(stack) as took:
            await ada.until_ack(await ada.append("during "))
            codes = await calls
            await ada.until_ack(await ada.append("after"))
    assert set(codes) <= {"malformed", "limit_exceeded", "large_edits_busy"}
    assert max(took) <= PROBE_MAX_S
