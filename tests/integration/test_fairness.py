"""People who send without waiting share a part of the server; who types is served at once."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from apps.collab import protocol
from apps.core import ids
from tests.integration.conftest import Enter
from tests.integration.test_metrics import counted
from tests.support.clients import Client
from tests.support.launcher import Launched

#: Senders with a document each, the edits of one of them, and the keys of the person who types.
SENDERS, EDITS, KEYS = 6, 1_500, 20
#: Edits of the senders that may be stored for one of whoever types: 530 before there were turns, 77
#: since. On any machine, because both share its time.
MOST_FOR_ONE = 250
STORED = "scriptorium_operations_total"


def edits_of(sender: Client) -> list[bytes]:
    """Return many edits as frames of operations: letters at the beginning."""
    vector = sender.doc.get_state()
    return [
        protocol.encode_operation(
            sender.document_id,
            ids.new_id(),
            vector,
            sender.edit(lambda _: sender.content.insert(0, "flood ")),
        )
        for _ in range(EDITS)
    ]


async def send_all(sender: Client, frames: list[bytes]) -> None:
    """Send frames without a look at what the server takes."""
    for frame in frames:
        await sender.send(frame)


@contextmanager
def cancelled(tasks: list["asyncio.Task[None]"]) -> Iterator[None]:
    """Cancel tasks at the end."""
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def test_person_who_types_waits_for_few_edits_of_heedless_senders(
    enter: Enter, stack: Launched
) -> None:
    """Counted in edits: the speed of the machine is the same for all of them."""
    documents = [await asyncio.to_thread(stack.create_document) for _ in range(SENDERS + 1)]
    senders = [await enter("ada", document_id, native=True) for document_id in documents[1:]]
    person = await enter("ada", documents[0], native=True)
    floods = [edits_of(sender) for sender in senders]
    tasks = [
        asyncio.create_task(send_all(sender, frames))
        for sender, frames in zip(senders, floods, strict=True)
    ]
    with cancelled(tasks):
        for sender in senders:
            await sender.until(lambda sender=sender: len(sender.acks) > 200)
        before = await asyncio.to_thread(counted, stack.url, STORED)
        for number in range(KEYS):
            assert await person.until_ack(await person.append("x")) == number + 1
        stored = await asyncio.to_thread(counted, stack.url, STORED) - before - KEYS
        assert 0 < stored / KEYS < MOST_FOR_ONE
