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

import pymongo
import pytest
from pymongo import ASCENDING, InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, ClientBulkWriteException, PyMongoError

from tests.crash.harm import no_byte_more
from tests.support.launcher import ROOT, free_port

DUPLICATE_KEY = 11000


class Server:
    """``python -m apps.embedded.mongo_server`` on one folder, over several restarts."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self.process = self._start()
        self.client = pymongo.MongoClient[dict[str, Any]](
            f"mongodb://127.0.0.1:{self.port}", serverSelectionTimeoutMS=10_000
        )
        self.rows = self.client.things.rows
        self.rows.create_index([("number", ASCENDING)], unique=True)

    def _start(self) -> "subprocess.Popen[bytes]":
        words = ["--data-dir", str(self._folder), "--port", str(self.port)]
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
