"""A document of very many clients: each further edit costs its own size."""

import base64
from typing import Any

from apps.crdt.codec.lib0 import write_var_string, write_var_uint
from apps.crdt.codec.vectors import EDIT_VECTOR_BYTES, decode_vector
from tests.integration.conftest import Enter, read_log, until_processed
from tests.support.launcher import Launched
from tests.support.stored import stored

#: Clients that one update invents, and how many updates: a whole vector of them is about 160 kB.
INVENTED = 10_000
UPDATES = 2


def update_of_clients(count: int, *, first: int = 2**31) -> bytes:
    """Return an update with one letter of each of ``count`` clients, in roots of their own."""
    out = bytearray()
    write_var_uint(out, count)
    for client in range(first + count, first, -1):  # as Yjs sorts them
        for number in (1, client, 0, 4, 1):  # one struct, its client and clock, a string in a root
            write_var_uint(out, number)
        write_var_string(out, f"notes {client % 1_000}")
        write_var_string(out, "x")
    out.append(0)
    return bytes(out)


async def test_many_invented_clients_make_no_later_edit_larger(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """A key is stored and published with its own clients; head and mark have no large vector.

    The document loads again, its log verifies, and its entity says that the vector is too large.
    """
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id, native=True)
    for number in range(UPDATES):
        many = update_of_clients(INVENTED, first=2**31 + number * INVENTED)
        assert await grace.until_ack(await grace.submit(many)) == number + 1
    assert await ada.until_ack(await ada.insert(0, "a")) == 3
    assert await ada.until_ack(await ada.insert(1, "b")) == 4
    await grace.until_text("ab")
    rows = read_log(stack, document_id)
    vectors = [decode_vector(base64.b64decode(row["version_vector"])) for row in rows]
    assert [len(vector) for vector in vectors] == [INVENTED, INVENTED, 1, 1]
    assert list(vectors[-1].values()) == [2]
    until_processed(stack, document_id, 4)
    assert _entity(stack, document_id)["version_vector"] is None
    with stored(stack, document_id) as store:
        assert 0 < len(store.processed_row()["version_vector"]) < EDIT_VECTOR_BYTES
    for client in (ada, grace):
        await client.close()
    late = await enter("grace", document_id)
    await late.until_text("ab")
    assert " 0 damaged" in stack.manage("verify_documents", document_id)


async def test_vector_of_an_ordinary_document_is_in_its_entity(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """All clients, though each operation has its own only."""
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id, native=True)
    await ada.until_ack(await ada.insert(0, "a"))
    await grace.until_text("a")
    assert await grace.until_ack(await grace.append("b")) == 2
    whole = decode_vector(base64.b64decode(_entity(stack, document_id)["version_vector"]))
    assert whole == decode_vector(grace.doc.get_state())
    assert len(whole) == 2


def _entity(stack: Launched, document_id: str) -> dict[str, Any]:
    return dict(stack.call("ada", "GET", f"documents/{document_id}/").json())
