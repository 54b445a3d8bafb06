"""Fixtures for people on sockets of one running Scriptorium."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.support.clients import Client
from tests.support.eventually import eventually
from tests.support.launcher import Launched
from tests.support.stored import stored

#: Opens a client for a person: ``await enter("ada", document_id, native=True)``.
Enter = Callable[..., Any]


@pytest.fixture
async def enter(stack: Launched) -> AsyncIterator[Enter]:
    """Return a function that opens a document; all sockets are closed at the end."""
    async with AsyncExitStack() as sockets:

        async def open_client(username: str, document_id: str, **options: Any) -> Client:
            options.setdefault("token", stack.token(username))
            url = options.pop("url", stack.ws_url)
            return await sockets.enter_async_context(Client(url, document_id, **options))

        yield open_client


@pytest.fixture
def document_id(stack: Launched) -> str:
    """Return a new document of Ada's in which Grace may write and Alan may read."""
    return stack.create_document("ada", grace="editor", alan="viewer")


@pytest.fixture
def log(stack: Launched, document_id: str) -> Callable[[], list[dict[str, Any]]]:
    """Return a function that reads the document's whole log by REST."""
    return lambda: read_log(stack, document_id)


def read_log(stack: Launched, document_id: str) -> list[dict[str, Any]]:
    """Return the whole log of one of Ada's documents, page by page."""
    rows: list[dict[str, Any]] = []
    while True:
        answer = stack.call(
            "ada",
            "GET",
            f"documents/{document_id}/operations/",
            params={"after": len(rows), "limit": 1000},
        )
        page = answer.json()
        rows += page["results"]
        if page["next"] is None:
            return rows


def pipeline_status(stack: Launched, document_id: str) -> dict[str, Any]:
    """Return the document's row of ``pipeline_status --json``."""
    row, _sums = stack.manage("pipeline_status", document_id, "--json").splitlines()
    return dict(json.loads(row))


def until_processed(stack: Launched, document_id: str, seq: int) -> None:
    """Wait until Kafka and the worker have processed ``seq``."""
    with stored(stack, document_id) as store:
        eventually(lambda: store.processed() == store.published() == seq, 60)
