"""The embedded server of MongoDB's wire protocol: answered writes are on disk, and atomic."""

import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import bson
import pymongo
import pytest
from pymongo import ASCENDING, InsertOne, UpdateOne
from pymongo.errors import (
    BulkWriteError,
    ClientBulkWriteException,
    OperationFailure,
    PyMongoError,
)

from tests.crash.harm import no_byte_more
from tests.support.launcher import ROOT, free_port

DUPLICATE_KEY = 11000
#: Error codes of MongoDB.
UNAUTHORIZED = 13
AUTHENTICATION_FAILED = 18
PASSWORD = "one of the data folder"


class Server:
    """``python -m apps.embedded.mongo_server`` on one folder, over several restarts."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self.process = self._start()
        self.client = self.connect(f"scriptorium:{quote(PASSWORD)}@")
        self.rows = self.client.things.rows
        self.rows.create_index([("number", ASCENDING)], unique=True)

    def connect(self, credentials: str) -> "pymongo.MongoClient[dict[str, Any]]":
        """Return a client that logs in with these credentials, if any."""
        mechanism = "?authMechanism=PLAIN" if credentials else ""
        url = f"mongodb://{credentials}127.0.0.1:{self.port}/{mechanism}"
        return pymongo.MongoClient(url, serverSelectionTimeoutMS=10_000)

    def _start(self) -> "subprocess.Popen[bytes]":
        secret = self._folder.with_name("password")
        secret.write_text(f"{PASSWORD}\n")
        words = ["--data-dir", str(self._folder), "--port", str(self.port)]
        words += ["--password-file", str(secret)]
        command = [sys.executable, "-m", "apps.embedded.mongo_server", *words]
        return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=10)

    def start(self) -> None:
        """Start it again, on the same folder and port."""
        self.process = self._start()

    def numbers(self) -> list[int]:
        """Return the numbers of all rows."""
        return sorted(row["number"] for row in self.rows.find({}))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Return a running server."""
    running = Server(tmp_path / "data")
    yield running
    running.client.close()
    if running.process.poll() is None:
        running.end(signal.SIGKILL)


def rows(*numbers: int) -> list[dict[str, Any]]:
    """Return rows with these numbers."""
    return [{"_id": f"row {number}", "number": number, "bytes": b"\xff\x00"} for number in numbers]


def test_refused_row_keeps_the_rows_before_it(server: Server) -> None:
    """As in MongoDB's ordered insert: the error has index and code; later rows are not tried."""
    server.rows.insert_many(rows(3))
    twice = [*rows(1, 2), {"_id": "another", "number": 3}, *rows(4)]
    with pytest.raises(BulkWriteError) as raised:
        server.rows.insert_many(twice, ordered=True)
    (error,) = raised.value.details["writeErrors"]
    assert (error["index"], error["code"]) == (2, DUPLICATE_KEY)
    assert server.numbers() == [1, 2, 3]


def test_rows_and_an_update_of_other_rows_in_one_command(server: Server) -> None:
    """After a refused row, the update is not tried."""
    server.client.things.heads.insert_one({"_id": "head", "seq": 0})

    def write(numbers: list[int]) -> None:
        models = [InsertOne(row, namespace="things.rows") for row in rows(*numbers)]
        head = UpdateOne({"_id": "head"}, {"$set": {"seq": numbers[-1]}}, namespace="things.heads")
        server.client.bulk_write([*models, head], ordered=True)

    write([1, 2])
    assert server.client.things.heads.find_one({"_id": "head"}) == {"_id": "head", "seq": 2}
    with pytest.raises(ClientBulkWriteException) as raised:
        write([3, 2, 4])
    errors: list[Any] = raised.value.write_errors or []
    assert [(error["idx"], error["code"]) for error in errors] == [(1, DUPLICATE_KEY)]
    assert server.numbers() == [1, 2, 3]
    assert server.client.things.heads.find_one({"_id": "head"}) == {"_id": "head", "seq": 2}


def test_two_databases_in_one_command_are_refused(server: Server) -> None:
    """Two files cannot share a transaction; nothing is written."""
    with pytest.raises(ClientBulkWriteException) as raised:
        server.client.bulk_write(
            [InsertOne(rows(1)[0], namespace=f"{name}.rows") for name in ("things", "others")]
        )
    assert "one database" in str(raised.value.error)
    assert server.numbers() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_answered_writes_are_stored_after_a_kill_or_stop(
    server: Server, number: signal.Signals
) -> None:
    """All rows of each answered command; SIGTERM exits with 0."""
    server.rows.insert_many(rows(*range(50)))
    server.rows.update_many({"number": {"$lt": 10}}, {"$set": {"seen": True}})
    assert server.end(number) == (-signal.SIGKILL if number is signal.SIGKILL else 0)
    server.start()
    assert server.numbers() == list(range(50))
    assert server.rows.count_documents({"seen": True}) == 10


def test_full_disk_fails_the_whole_command_and_the_next_one_succeeds(server: Server) -> None:
    """No row is reported as stored that is not, and the server needs no restart."""
    server.rows.insert_many(rows(1, 2))
    wide = [{**row, "bytes": b"x" * 100_000} for row in rows(*range(10, 60))]
    with no_byte_more(server.process.pid), pytest.raises(PyMongoError) as raised:
        server.rows.insert_many(wide, ordered=True)
    assert not isinstance(raised.value, BulkWriteError)  # which would report some rows as stored
    assert server.numbers() == [1, 2]
    server.rows.insert_many(rows(3, 4))
    assert server.numbers() == [1, 2, 3, 4]


def test_concurrent_inserts_of_a_unique_number_have_one_winner(server: Server) -> None:
    """The unique index decides between the threads; readers do not block writers."""

    def write(_: int) -> int:
        won = 0
        for number in range(40):
            try:
                server.rows.insert_many([{"number": number}])
            except BulkWriteError:
                assert server.rows.find_one({"number": {"$eq": number}}) is not None
            else:
                won += 1
        return won

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, range(4))) == 40
    assert server.numbers() == list(range(40))


def test_incomplete_message_does_not_affect_other_clients(server: Server) -> None:
    """A client that disconnects in the middle of a message writes nothing."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as half:
        half.sendall(struct.pack("<iiii", 1_000, 1, 0, 2013) + b"\0" * 100)
    server.rows.insert_many(rows(1))
    assert server.numbers() == [1]
    assert server.process.poll() is None


def commands() -> dict[str, dict[str, Any]]:
    """Return commands that read, write and destroy."""
    return {
        "read": {"find": "rows"},
        "list": {"listCollections": 1},
        "insert": {"insert": "rows", "documents": [{"_id": "forged", "number": 9}]},
        "update": {"update": "rows", "updates": [{"q": {}, "u": {"$set": {"number": 7}}}]},
        "delete": {"delete": "rows", "deletes": [{"q": {}, "limit": 0}]},
        "drop": {"dropDatabase": 1},
        "bulk": {
            "bulkWrite": 1,
            "ops": [{"insert": 0, "document": {"_id": "forged"}}],
            "nsInfo": [{"ns": "things.rows"}],
        },
        "ping": {"ping": 1},
        "second step": {"saslContinue": 1, "conversationId": 1, "payload": b""},
    }


@pytest.mark.parametrize("name", commands())
def test_client_without_a_login_may_send_nothing(server: Server, name: str) -> None:
    """Every account of the machine reaches the port, and the log is the truth."""
    server.rows.insert_many(rows(1, 2))
    with server.connect("") as stranger, pytest.raises(OperationFailure) as refused:
        stranger.things.command(commands()[name])
    assert refused.value.code == UNAUTHORIZED
    assert server.numbers() == [1, 2]


@pytest.mark.parametrize(
    "credentials", ["scriptorium:wrong@", "admin:one%20of%20the%20data%20folder@"]
)
def test_client_with_another_password_or_name_is_refused(server: Server, credentials: str) -> None:
    """And does not get in by trying again on the same connection."""
    with server.connect(credentials) as stranger, pytest.raises(OperationFailure) as refused:
        stranger.things.rows.find_one({})
    assert refused.value.code == AUTHENTICATION_FAILED


def test_client_without_a_login_sends_old_messages_in_vain(server: Server, tmp_path: Path) -> None:
    """OP_QUERY reads without OP_MSG; and a greeting makes no file of the database that it names."""
    server.rows.insert_many(rows(1))
    for collection, query in (("things.rows", {}), ("things.$cmd", {"find": "rows"})):
        assert b"requires authentication" in old_query(server.port, collection, query)
    assert b"maxWireVersion" in old_query(server.port, "strange.$cmd", {"hello": 1})
    assert not list((tmp_path / "data").glob("strange*"))


def test_login_is_that_of_one_connection(server: Server) -> None:
    """Another connection of the same machine has none."""
    assert server.client.things.command({"ping": 1})["ok"] == 1
    with server.connect("") as stranger, pytest.raises(OperationFailure):
        stranger.things.command({"ping": 1})


def old_query(port: int, collection: str, query: dict[str, Any]) -> bytes:
    """Send an OP_QUERY; return the answer."""
    body = struct.pack("<i", 0) + collection.encode() + b"\x00" + struct.pack("<ii", 0, 1)
    body += bson.encode(query)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(struct.pack("<iiii", 16 + len(body), 1, 0, 2004) + body)
        answer = raw.recv(4)
        while len(answer) < struct.unpack("<i", answer[:4])[0]:
            answer += raw.recv(65536)
    return answer
