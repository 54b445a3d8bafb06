"""The schema version of the handshake: an older page may only read (docs/protocol.md, ADR 0019)."""

import pytest

from apps.collab import close_codes
from apps.collab.session import SCHEMA_OLDER
from apps.crdt.content.schema_table import SCHEMA_VERSION
from tests.integration.conftest import Enter


async def test_page_older_than_any_content_is_told_and_refused(
    enter: Enter, document_id: str
) -> None:
    """It reads on; a page of the present version, and one that names none, write."""
    older = await enter("ada", document_id, native=True, query="schema=0")
    same = await enter("ada", document_id, native=True, query=f"schema={SCHEMA_VERSION}")
    silent = await enter("ada", document_id, native=True)
    rights = {"type": "rights", "write": False, "code": "schema_older", "message": SCHEMA_OLDER}
    await older.until(lambda: rights in older.events)
    unique_id = await older.insert(0, "by an older page ")
    await older.until(lambda: older.rejects)
    assert older.rejects[0][:2] == (unique_id, "schema_older")
    await same.until_ack(await same.insert(0, "same "))
    await silent.until_text("same ")
    await silent.until_ack(await silent.insert(0, "silent "))
    await same.until_text("silent same ")
    await older.until(lambda: "silent same " in older.text)


async def test_stock_client_that_names_an_older_version_is_closed_when_it_writes(
    enter: Enter, document_id: str
) -> None:
    """A stock editor deletes what its schema lacks: with the version nothing of that is logged."""
    stock = await enter("ada", document_id, query="schema=0")
    await stock.until(stock.synced.is_set)
    await stock.insert(0, "mine")
    assert await stock.until_closed() == close_codes.FORBIDDEN
    assert stock.denied == [SCHEMA_OLDER]


@pytest.mark.parametrize("named", ["-1", "one", "1.5", "1" * 7, "%31%00", "١"])
async def test_version_that_is_no_number_is_malformed(
    enter: Enter, document_id: str, named: str
) -> None:
    """The close frame says what is expected."""
    client = await enter("ada", document_id, native=True, query=f"schema={named}")
    assert await client.until_closed() == close_codes.MALFORMED
    assert "?schema=1" in (client.close_reason or "")
