"""A backup taken while people write, restored elsewhere, started, and edited there.

The people are those of ``tests/crash``; their Scriptorium keeps running.
"""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pycrdt
import pymongo
import pytest
import requests

from tests.attachments import samples
from tests.conftest import SHORT_WAITS
from tests.crash.checks import Log, crowd, text_of, until_written
from tests.integration.conftest import read_log, until_processed
from tests.support.clients import Client
from tests.support.control import paused
from tests.support.eventually import eventually, eventually_async
from tests.support.launcher import ROOT, Launched
from tests.support.stored import stored

#: An update of the root text ``content``, base64.
UPDATE = "AQHw6ZoEAAQBB2NvbnRlbnQBeAA="
#: A file of a document.
PICTURE = samples.png(400, 300)
#: Words that each person writes before the backup starts, and again while it is taken.
WORDS = 10
#: The sweep processes at once the documents that are in Kafka and not processed yet.
SWEEP_AT_ONCE = {"SWEEP_AFTER_S": "0", "SWEEP_INTERVAL_S": "1"}


@dataclass(frozen=True)
class Before:
    """The state before the backup started, and the backup."""

    file: Path
    report: dict[str, Any]
    #: A document that four people write all the time.
    document_id: str
    #: A document that is in Kafka, and not yet processed by a worker.
    quiet_id: str
    acknowledged: frozenset[str]
    seen: frozenset[str]
    documents: frozenset[str]
    #: Documents created while the backup was taken, or after it.
    later_documents: frozenset[str]
    token: str
    #: The content of one person's page at the end.
    screen: "pycrdt.Doc[Any]"


@pytest.fixture(scope="module")
def before(stack: Launched, tmp_path_factory: pytest.TempPathFactory) -> Before:
    """Return a backup that was taken while people wrote and created documents."""
    file = tmp_path_factory.mktemp("backups") / "a backup"
    return asyncio.run(_write_and_back_up(stack, file))


async def _write_and_back_up(stack: Launched, file: Path) -> Before:
    document_id = stack.create_document("ada", grace="editor")
    quiet_id = stack.create_document("ada", grace="viewer")
    picture = {"file": ("a.png", PICTURE, "image/png")}
    answer = stack.call("ada", "POST", f"documents/{quiet_id}/attachments/", files=picture)
    assert answer.status_code == 201, answer.text
    documents, enough = [document_id, quiet_id], threading.Event()
    with paused(stack, "worker"):
        _write_quietly(stack, quiet_id)
        async with crowd(stack, document_id) as people:
            making = asyncio.create_task(asyncio.to_thread(_make, stack, documents, enough))
            await until_written(people, WORDS)
            acknowledged = {unique_id for person in people for unique_id in person.acknowledged}
            seen = {word for person in people for word in person.seen}
            made = list(documents)
            done = await asyncio.to_thread(stack.run, "backup", str(file), "--json")
            assert done.returncode == 0, done.stderr
            await until_written(people, WORDS)
            enough.set()
            await making
            for person in people:
                person.stop_typing()
    return Before(
        file=file,
        report=json.loads(done.stdout),
        document_id=document_id,
        quiet_id=quiet_id,
        acknowledged=frozenset(acknowledged),
        seen=frozenset(seen),
        documents=frozenset(made),
        later_documents=frozenset(documents) - frozenset(made),
        token=stack.token("grace"),
        screen=people[0].doc,
    )


def _write_quietly(stack: Launched, document_id: str) -> None:
    """Write one operation, and wait until Kafka has it; the workers do not process it."""
    body = {"unique_id": "quiet", "update": UPDATE}
    answer = stack.call("ada", "POST", f"documents/{document_id}/operations/", json=body)
    assert answer.status_code == 201, answer.text
    with stored(stack, document_id) as store:
        eventually(lambda: store.published() == store.head() == 1)
        assert store.processed() == 0


def _make(stack: Launched, documents: list[str], enough: threading.Event) -> None:
    """Create one shared document after the other."""
    while not enough.is_set():
        documents.append(stack.create_document("ada", grace="viewer"))


@pytest.fixture(scope="module")
def restored(
    before: Before, stack: Launched, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Launched]:
    """Restore the backup into a new folder, and start it."""
    folder = tmp_path_factory.mktemp("restored") / "its data"
    done = stack.run("restore", str(before.file), DATA_DIR=str(folder))
    assert done.returncode == 0, done.stderr
    launched = Launched(folder, settings={**SHORT_WAITS, **SWEEP_AT_ONCE})
    try:
        launched.wait_until_ready()
        yield launched
    finally:
        launched.stop()


def test_backup_of_a_running_scriptorium_lists_its_parts(before: Before) -> None:
    """In the order of copying: permissions after documents, so never older."""
    assert before.report["running"]
    assert before.report["bytes"] == before.file.stat().st_size
    names = [part["name"] for part in before.report["parts"]]
    databases = ["mongo/admin.db", "mongo/scriptorium.db", "postgres.dump"]
    assert names == [*databases, "secrets.json", "files.tar"]
    assert [path.name for path in before.file.parent.iterdir()] == [before.file.name]


def test_everything_acknowledged_and_seen_before_the_backup_is_restored(
    before: Before, restored: Launched
) -> None:
    """And the log is complete: no gap, no duplicate, each operation's vector is right."""
    log = Log(read_log(restored, before.document_id))
    log.check()
    assert before.acknowledged
    assert before.acknowledged <= log.ids
    assert before.seen <= log.words
    answer = restored.call("grace", "GET", f"documents/{before.document_id}/state/")
    served: pycrdt.Doc[Any] = pycrdt.Doc()
    served.apply_update(answer.content)
    assert text_of(served) == log.text


def test_every_document_created_before_the_backup_is_restored_and_shared(
    before: Before, restored: Launched
) -> None:
    """With its owner and with the person it was shared with."""
    for person in ("ada", "grace"):
        assert before.documents <= _listed(restored, person)
    assert not before.documents & _listed(restored, "alan")


def test_permissions_fit_the_documents(before: Before, restored: Launched) -> None:
    """A document created during the backup is complete, or seen by nobody."""
    settings = restored.settings()
    with pymongo.MongoClient[dict[str, Any]](settings["MONGODB_URL"]) as mongo:
        rows = mongo.get_default_database().documents.find({}, {"_id": True})
        documents = {row["_id"] for row in rows}
    with psycopg.connect(settings["DATABASE_URL"]) as postgres:
        permitted = {row[0] for row in postgres.execute("SELECT document_id FROM permission")}
    assert before.documents <= documents & permitted
    assert len(before.later_documents & documents - permitted) <= 1  # created in that moment
    for document_id in before.later_documents & permitted - documents:
        assert restored.call("ada", "GET", f"documents/{document_id}/").status_code == 404


def test_files_are_restored_with_their_documents(before: Before, restored: Launched) -> None:
    """What was uploaded and what is served of it; the right to it, too."""
    path = f"documents/{before.quiet_id}/attachments/"
    [row] = restored.call("grace", "GET", path).json()["results"]
    assert row["id"] == hashlib.sha256(PICTURE).hexdigest()
    for url in (f"{path}{row['id']}/", f"{path}{row['id']}/?width=320"):
        assert restored.call("grace", "GET", url).status_code == 200
        assert restored.call("alan", "GET", url).status_code == 404
    stored_file = restored.data_dir / "files" / row["id"][:2] / row["id"] / "original"
    assert stored_file.read_bytes() == PICTURE


def test_tokens_and_passwords_stay_valid(before: Before, restored: Launched) -> None:
    """The secret key is that of the backup; the databases' password is new."""
    headers = {"Authorization": f"Bearer {before.token}"}
    url = f"{restored.url}/api/v1/documents/{before.document_id}/"
    assert requests.get(url, headers=headers, timeout=30).status_code == 200
    assert restored.token("ada")


def test_published_unprocessed_operations_are_processed_from_the_log(
    before: Before, restored: Launched
) -> None:
    """They are marked as published, and the new broker is empty: the sweep reads the log."""
    until_processed(restored, before.quiet_id, 1)


async def test_next_edit_gets_the_next_seq(before: Before, restored: Launched) -> None:
    """And the workers process it, after all that was marked as published."""
    head = len(await asyncio.to_thread(read_log, restored, before.document_id))
    token = restored.token("grace")
    async with Client(restored.ws_url, before.document_id, token=token, native=True) as grace:
        await grace.until(grace.synced.is_set)
        assert await grace.until_ack(await grace.append("afterwards ")) == head + 1
    with stored(restored, before.document_id) as store:
        await eventually_async(partial(asyncio.to_thread, lambda: store.processed() == head + 1))


async def test_page_with_edits_after_the_backup_restores_them(
    before: Before, restored: Launched
) -> None:
    """Edits after the backup are sent again by the browsers that have them."""
    words = set(text_of(before.screen).split())
    log = Log(await asyncio.to_thread(read_log, restored, before.document_id))
    assert words - log.words
    token = restored.token("ada")
    url, doc = restored.ws_url, before.screen
    async with (
        Client(url, before.document_id, token=token, doc=doc),
        Client(url, before.document_id, token=restored.token("grace")) as grace,
    ):
        await grace.until(lambda: words <= set(grace.text.split()))
    Log(await asyncio.to_thread(read_log, restored, before.document_id)).check()


def test_restore_into_a_running_scriptorium_is_refused(before: Before, stack: Launched) -> None:
    """Also with --force; it keeps running."""
    done = stack.run("restore", str(before.file), "--force")
    assert done.returncode == 1
    assert "make down" in done.stderr
    assert stack.call("ada", "GET", f"documents/{before.document_id}/").status_code == 200


def test_backup_of_stopped_data_and_restore_after_a_killed_restore(
    before: Before, stack: Launched, tmp_path: Path
) -> None:
    """The second backup has the same documents; the forced restore moves the data aside."""
    folder, second = tmp_path / "data", tmp_path / "second"
    where = {"DATA_DIR": str(folder)}
    _kill_restore(before.file, folder)
    assert {path.name.partition("-")[0] for path in folder.iterdir()} == {"run", "restore.new"}
    for words in (
        ("restore", str(before.file)),
        ("backup", str(second), "--json"),
        ("restore", str(second), "--force", "--json"),
    ):
        done = stack.run(*words, **where)
        assert done.returncode == 0, done.stderr
        if words[0] == "backup":
            report = json.loads(done.stdout)
    assert not report["running"]
    assert _documents(report) == _documents(before.report)
    old = Path(json.loads(done.stdout)["old_data"])
    data = {"files", "mongo", "postgres", "redis", "state.json", "relays_until"}
    assert {path.name for path in old.iterdir()} == data
    assert float((folder / "relays_until").read_text()) > time.time()


def _kill_restore(file: Path, folder: Path) -> None:
    """Kill a restore while it creates PostgreSQL's folder."""
    process = subprocess.Popen(
        [sys.executable, "-m", "apps.embedded", "restore", str(file)],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
    )
    eventually(lambda: list(folder.glob("restore.new-*/mongo")), 60)
    process.kill()
    process.wait()


def _documents(report: dict[str, Any]) -> dict[str, Any]:
    """Return size and checksum of MongoDB's documents in a report."""
    [part] = [part for part in report["parts"] if part["name"] == "mongo/scriptorium.db"]
    return dict(part)


def _listed(stack: Launched, username: str) -> set[str]:
    """Return the ids of all documents that a person sees, page by page."""
    found: set[str] = set()
    url: str | None = "documents/?limit=100"
    while url is not None:
        answer = stack.call(username, "GET", url)
        assert answer.status_code == 200, answer.text
        found.update(row["id"] for row in answer.json()["results"])
        url = (answer.json()["next"] or "").partition("/api/v1/")[2] or None
    return found
