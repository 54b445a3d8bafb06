"""The documents that a server had in memory are loaded again by its next start."""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from apps.collab.runtime import Runtime
from apps.collab.warm_start import open_documents_put, open_documents_take
from apps.core import ids
from apps.documents.models import document_rows
from tests.collab.authors import Author, Writer, submission, text_of
from tests.collab.test_runtime import Start, kafka, open_room, start
from tests.support.documents import make_document
from tests.support.eventually import eventually_async

__all__ = ["kafka", "start"]


@pytest.fixture(autouse=True)
def server(settings: Settings) -> None:
    """Give the runtimes of a test a name of their own."""
    settings.SERVER_ID = ids.new_id()
    settings.WARM_START_DOCUMENTS = 3


def documents(count: int) -> list[str]:
    """Return the ids of new documents."""
    names = [ids.new_id() for _ in range(count)]
    for name in names:
        make_document(name)
    return names


def has(runtime: Runtime, *names: str) -> Callable[[], bool]:
    """Return whether a server has exactly these documents in memory."""
    return lambda: set(runtime._rooms) == set(names)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""

    async def check() -> bool:
        return holds()

    await eventually_async(check)


async def test_restarted_server_has_its_documents_in_memory_before_anyone_opens_them(
    start: Start,
) -> None:
    """As the log has them."""
    [document_id] = documents(1)
    first = await start()
    room = await open_room(first, document_id)
    room.submit(submission(Writer().write("kept"), Author(), "a"))
    await first.close()
    second = await start()
    await until(has(second, document_id))
    assert text_of(second._rooms[document_id].live.document) == "kept"
    stored = document_rows().find_one({"_id": document_id}, {"lineage": 1})
    assert stored is not None
    assert second._rooms[document_id].lineage == stored["lineage"]


async def test_killed_server_has_stored_its_documents_while_it_ran(start: Start) -> None:
    """At most as many as the setting has: those that were opened last."""
    names = documents(4)
    killed = await start(gap_check_interval_s=0.02)
    for name in names:
        await open_room(killed, name)
    await until(lambda: killed._stored_open == sorted(names[1:]))
    again = await start()
    await until(has(again, *names[1:]))


async def test_document_that_cannot_be_loaded_stops_no_other(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an error of that document alone."""
    bad, trashed, good = documents(3)
    document_rows().update_one({"_id": trashed}, {"$set": {"trashed": True}})
    open_documents_put([bad, trashed, ids.new_id(), good])
    load = Runtime._load

    async def load_or_fail(self: Runtime, document_id: str) -> object:
        if document_id == bad:
            raise ValueError("a damaged document")
        return await load(self, document_id)

    monkeypatch.setattr(Runtime, "_load", load_or_fail)
    await until(has(await start(), good))


def test_list_is_taken_once() -> None:
    """A document that ends the process while it is loaded does not end the next one."""
    [document_id] = documents(1)
    open_documents_put([document_id])
    assert [one for one, _ in open_documents_take()] == [document_id]
    assert open_documents_take() == []


async def test_setting_of_zero_loads_and_stores_nothing(start: Start, settings: Settings) -> None:
    """``WARM_START_DOCUMENTS=0``."""
    [document_id] = documents(1)
    open_documents_put([document_id])
    settings.WARM_START_DOCUMENTS = 0
    runtime = await start(gap_check_interval_s=0.02)
    other = await open_room(runtime)
    await runtime.close()
    assert other.gone
    assert [one for one, _ in open_documents_take()] == [document_id]
