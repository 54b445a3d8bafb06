"""Edits as heavy as a client may send: nobody else waits for them."""

import asyncio
import time

import pytest
import requests

from apps.collab.protocol import STAGE_PERSISTED
from apps.crdt.codec.lib0 import write_var_uint
from tests.collab.test_rehearsals import single_values, values
from tests.crdt.engine.placing import encoded
from tests.crdt.engine.test_merge_cost import claims_by_many, claims_by_one, text
from tests.integration.conftest import Enter
from tests.support.launcher import Launched

#: How long a probe may take, in seconds: 0.25 s on a machine with nothing else to do.
PROBE_MAX_S = 3.0


def elements(count: int) -> bytes:
    """Return shared texts beside each other, in structs as short as can be."""
    out = bytearray(b"\x01")
    write_var_uint(out, count)
    out += b"\x01\x00\x07\x01\x04list\x02"
    for clock in range(count - 1):
        out += b"\x87\x01"
        write_var_uint(out, clock)
        out.append(2)
    return bytes(out + b"\x00")


ATTACKS = {
    "letters": lambda: encoded(text(400_000)),
    "elements": lambda: elements(400_000),
    "claims of one": lambda: encoded(text(60_000) + claims_by_one(60_000)),
    "claims of many": lambda: encoded(text(10) + claims_by_many(60_000)),
    "deletes": lambda: values(1_000_000, deleted=True),
    "values": lambda: single_values(400_000),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_heavy_edit_delays_nobody_else(attack: str, enter: Enter, stack: Launched) -> None:
    """The server answers others meanwhile, whether it takes the edit or refuses it (goal of C2)."""
    update = ATTACKS[attack]()
    attacked, other = stack.create_document("grace"), stack.create_document("ada")
    grace = await enter("grace", attacked, native=True)
    ada = await enter("ada", other, native=True)
    await ada.until_ack(await ada.append("before "))
    done = asyncio.Event()
    worst = 0.0

    async def probe() -> None:
        nonlocal worst
        while not done.is_set():
            began = time.monotonic()
            await asyncio.to_thread(requests.get, f"{stack.url}/healthz", timeout=60)
            worst = max(worst, time.monotonic() - began)

    probing = asyncio.create_task(probe())
    await grace.submit(update, "attack")
    await grace.until(lambda: bool(grace.rejects or grace.ack("attack", STAGE_PERSISTED)), 60)
    await ada.until_ack(await ada.append("after"))
    done.set()
    await probing
    assert worst < PROBE_MAX_S
