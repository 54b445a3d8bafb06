"""The short way of the log's own command: as the general way, in answers and in stored rows."""

import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
import pymongo
import pytest
from bson import Binary, Int64, ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core import ids
from apps.core.mongo_bulk_write import Write, bulk_write, insert, update
from apps.documents.heads import Head, head_change
from apps.documents.writers import Writer
from apps.embedded.mongo_log_writes import log_writes
from apps.embedded.mongo_server import Answer, DurableHandler, Message, _Server
from apps.oplog.operation import Operation
from tests.support.operations import Scribe

DUPLICATE_KEY = 11000
NAMESPACES = ("things.crdt_operations", "things.documents")


class GeneralHandler(DurableHandler):
    """A server that has no short way."""

    def _handle(self, msg: Message) -> Callable[[Message], Answer]:
        in_general: Callable[[Message], Answer] = super(DurableHandler, self).handle_command
        return in_general


class Pair:
    """Two servers that get the same commands, one of them without the short way."""

    def __init__(self, folder: Path) -> None:
        self.short = DurableHandler(data_dir=str(folder / "short"), password="x")
        self.general = GeneralHandler(data_dir=str(folder / "general"), password="x")
        self._numbers = itertools.count()
        for name, keys in (("crdt_operations", ("document_id", "seq")), ("documents", ("seq",))):
            self.answers({"create": name, "$db": "things"})
            index = {"name": name, "key": dict.fromkeys(keys, 1), "unique": len(keys) > 1}
            self.answers({"createIndexes": name, "indexes": [index], "$db": "things"})

    def answers(self, command: dict[str, Any]) -> list[dict[str, Any]]:
        """Send a command to both, as bytes; return both answers."""
        return [self._answer(server, command) for server in (self.short, self.general)]

    def rows(self) -> list[list[tuple[Any, ...]]]:
        """Return what both have stored, to the byte."""
        return [
            [
                row
                for name in ("crdt_operations", "documents")
                for row in server.get_database("things").db.execute(
                    f"SELECT id, _id, data, typeof(data) FROM {name} ORDER BY id"  # noqa: S608
                )
            ]
            for server in (self.short, self.general)
        ]

    def close(self) -> None:
        """Close the files of both."""
        for server in (self.short, self.general):
            server.close_all()

    def _answer(self, server: DurableHandler, command: dict[str, Any]) -> dict[str, Any]:
        server._logged_in.add("test")
        message = {"request_id": next(self._numbers), "sections": sections(command)}
        return server.handle_command({**message, "_conn_id": "test"})[1]


@pytest.fixture
def pair(tmp_path: Path) -> Any:
    """Return two servers with the collections of the log."""
    pair = Pair(tmp_path)
    yield pair
    pair.close()


def command(writes: list[Write], **fields: Any) -> dict[str, Any]:
    """Return the command of ``apps.core.mongo_bulk_write``, as the driver sends it."""
    return {
        "bulkWrite": 1,
        "ops": [write for write, _ in writes],
        "nsInfo": [{"ns": namespace} for namespace in NAMESPACES],
        "ordered": True,
        "errorsOnly": True,
        "writeConcern": {"w": "majority", "j": True},
        "lsid": {"id": Binary(bytes(16), 4)},
        "$db": "admin",
        **fields,
    }


def sections(command: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the sections of a command's message: the driver takes the list of writes out."""
    body = bson.decode(bson.encode(command))
    lists = {name: body.pop(name) for name in ("ops",) if name in body}
    return [("body", body), *((("payload", lists),) if lists else ())]


def commit(*operations: Operation, head: Head | None = None) -> list[Write]:
    """Return the writes of a commit: operations, then their head."""
    inserts = [insert(0, operation.to_row(), size_bytes=0) for operation in operations]
    return inserts + ([update(1, *head_change(head), size_bytes=0)] if head else [])


def head_of(operation: Operation, *writers: str) -> Head:
    """Return the head after an operation."""
    at = operation.received_at
    return Head(
        operation.document_id,
        operation.seq,
        operation.version_vector,
        at,
        [Writer(author, at) for author in writers],
    )


def document_row(document_id: str) -> Write:
    """Return the insert of a document, before its first operation."""
    row = {
        "_id": document_id,
        "title": "Élan \N{GRINNING FACE}",
        "seq": 0,
        "version_vector": b"\0",
        "published_seq": 0,
    }
    return {"insert": 1, "document": row}, 0


def same(pair: Pair, written: dict[str, Any], *, is_short: bool = True) -> dict[str, Any]:
    """Send a command; return the answer, which both must have given, with the same rows stored."""
    assert (log_writes(sections(written)) is not None) is is_short
    short, general = pair.answers(written)
    assert short == general
    stored = pair.rows()
    assert stored[0] == stored[1]
    return short


def test_commit_is_stored_and_answered_as_in_general(pair: Pair) -> None:
    """The first head has new fields, the next ones replace them; writers come one by one."""
    scribe = Scribe()
    same(pair, command([document_row(scribe.document_id)]))
    for authors in ((), ("1",), ("1", "33"), ("2",)):
        first, last = scribe.write("a"), scribe.write("é")
        answer = same(pair, command(commit(first, last, head=head_of(last, *authors))))
        assert (answer["nInserted"], answer["nMatched"], answer["nModified"]) == (2, 1, 1)
    assert len(pair.rows()[0]) == 9


def test_refused_row_ends_the_command_and_keeps_the_rows_before_it(pair: Pair) -> None:
    """The error has the index and the code; the head is not tried."""
    scribe = Scribe()
    same(pair, command([document_row(scribe.document_id), *commit(scribe.write("a"))]))
    first, last = scribe.write("b"), scribe.write("c")
    again = commit(first, first, last, head=head_of(last))
    answer = same(pair, command(again))
    (error,) = answer["cursor"]["firstBatch"]
    assert (error["idx"], error["code"], answer["nErrors"]) == (1, DUPLICATE_KEY, 1)
    assert (answer["nInserted"], answer["nMatched"]) == (1, 0)
    assert len(pair.rows()[0]) == 3


def test_head_that_does_not_move_forward_changes_nothing(pair: Pair) -> None:
    """Nor one of a document that is not there, or whose seq is no number."""
    scribe = Scribe()
    operations = scribe.write_many(3)
    odd = ({"insert": 1, "document": {"_id": "odd", "seq": "1"}}, 0)
    same(pair, command([document_row(scribe.document_id), odd]))
    same(pair, command(commit(head=head_of(operations[1]))))
    for head in (head_of(operations[0]), head_of(operations[1]), Head("odd", 5, None, at())):
        assert same(pair, command(commit(head=head)))["nMatched"] == 0
    assert same(pair, command(commit(head=Head("none", 5, None, at()))))["nMatched"] == 0
    assert same(pair, command(commit(head=head_of(operations[2]))))["nModified"] == 1


def test_collection_that_is_not_there_yet_is_created(pair: Pair) -> None:
    """As in general, by its first row."""
    written = command(commit(Scribe().write("a")), nsInfo=[{"ns": "others.first"}])
    assert same(pair, written)["nInserted"] == 1
    for server in (pair.short, pair.general):
        assert server.get_database("others").db.execute(
            "SELECT count(*) FROM first"
        ).fetchone() == (1,)


ROW = {"_id": "a", "seq": 1}
RAISE = {"update": 1, "filter": {"_id": "a", "seq": {"$lt": 2}}, "multi": False}


@pytest.mark.parametrize(
    "written",
    [
        command([({"insert": 0, "document": {**ROW, "size": 1.5}}, 0)]),
        command([({"insert": 0, "document": {**ROW, "tags": ["x"]}}, 0)]),
        command([({"insert": 0, "document": {**ROW, "file": Binary(b"x", 5)}}, 0)]),
        command([({"insert": 0, "document": {**ROW, "_id": 7}}, 0)]),
        command([({"insert": 2, "document": ROW}, 0)]),
        command([({"insert": 0, "document": ROW, "more": 1}, 0)]),
        command([({"delete": 0, "filter": {}, "multi": True}, 0)]),
        command([({**RAISE, "updateMods": {"$set": {"seq": 3}}}, 0)]),
        command([({**RAISE, "updateMods": {"$set": {"title": "x"}}}, 0)]),
        command([({**RAISE, "updateMods": {"$inc": {"seq": 2}}}, 0)]),
        command([({**RAISE, "updateMods": {"$set": {"seq": 2, "a b": 1}}}, 0)]),
        command([({**RAISE, "updateMods": {"$set": {"seq": 2, "x": [1]}}}, 0)]),
        command([({**RAISE, "updateMods": {"$set": {"seq": 2}}, "multi": True}, 0)]),
        command([({**RAISE, "updateMods": {"$set": {"seq": 2}}, "upsert": True}, 0)]),
        command([({**RAISE, "updateMods": {"seq": 2}}, 0)]),
        command([({**RAISE, "filter": {"_id": "a"}, "updateMods": {"$set": {"seq": 2}}}, 0)]),
        command([({"insert": 0, "document": ROW}, 0)], ordered=False),
        command([({"insert": 0, "document": ROW}, 0)], errorsOnly=False),
        command([({"insert": 0, "document": ROW}, 0)], let={}),
        command([({"insert": 0, "document": ROW}, 0)], nsInfo=[{"ns": "things.fs_files"}]),
        command([({"insert": 0, "document": ROW}, 0)], nsInfo=[{"ns": "things.a.files"}]),
    ],
)
def test_other_commands_go_the_general_way(pair: Pair, written: dict[str, Any]) -> None:
    """So their answers are those of nx-27017, whatever it makes of them."""
    same(pair, command([document_row("a")]))
    same(pair, written, is_short=False)


def test_command_without_writes_or_of_two_databases_goes_the_general_way() -> None:
    """Also a row without an id, which the server gives it."""
    plain = command([({"insert": 0, "document": ROW}, 0)])
    body = {name: plain[name] for name in plain.keys() - {"ops"}}
    for short in ([("body", plain)], [("body", body), ("payload", {"ops": plain["ops"]})]):
        assert log_writes(short) is not None
    sent: list[list[tuple[str, Any]]] = [
        [("body", body)],
        [("body", {})],
        [("body", plain), ("payload", {"ops": plain["ops"]})],
        [("body", body), ("payload_docs", plain["ops"])],
        [("body", {**plain, "nsInfo": [{"ns": "a.rows"}, {"ns": "b.rows"}]})],
        [("body", {**plain, "ops": [{"insert": 0, "document": {"seq": 1}}]})],
        [("body", {**plain, "ops": [1]})],
        [("body", {**plain, "ops": 1})],
    ]
    for general in sent:
        assert log_writes(general) is None


def test_driver_sends_what_takes_the_short_way(tmp_path: Path) -> None:
    """The command of a commit, by the driver over a socket."""
    taken: list[bool] = []

    class Watched(DurableHandler):
        def _handle(self, msg: Message) -> Callable[[Message], Answer]:
            if "bulkWrite" in msg["sections"][0][1]:
                taken.append(log_writes(msg["sections"]) is not None)
            return super()._handle(msg)

    scribe = Scribe()
    handler = Watched(data_dir=str(tmp_path), password="x")
    with _Server(0, handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"mongodb://scriptorium:x@127.0.0.1:{server.server_address[1]}/?authMechanism=PLAIN"
        with pymongo.MongoClient[dict[str, Any]](url) as client:
            operations = scribe.write_many(2)
            head = head_of(operations[1], "1")
            writes = [document_row(scribe.document_id), *commit(*operations, head=head)]
            assert bulk_write(client, NAMESPACES, writes) is None
            assert client.things.documents.find_one({})["seq"] == 2  # type: ignore[index]
        server.shutdown()
        thread.join()
    assert taken == [True]


TEXT = st.text(max_size=8)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    TEXT,
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-5, 5).map(Int64),
    st.binary(max_size=8),
    st.builds(ObjectId, st.binary(min_size=12, max_size=12)),
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)),
)
FIELDS = st.sampled_from(["title", "unpublished", "version_vector", "copies", "at"])
#: Few ids and seqs, so that rows are refused and heads find their documents.
IDS = st.sampled_from(["a", "b", "64b7f0c2a1b2c3d4e5f60718", "7"])
SEQS = st.integers(1, 4)
INSERTS = st.builds(
    lambda key, seq, row: {
        "insert": 0,
        "document": {"_id": ids.new_id(), "document_id": key, "seq": seq, **row},
    },
    IDS,
    SEQS,
    st.dictionaries(FIELDS, VALUES, max_size=3),
)
CHANGES = st.one_of(st.none(), st.booleans(), TEXT, st.integers(-9, 9), st.binary(max_size=8))
WRITERS = st.dictionaries(
    st.sampled_from(["writers.s1", "writers.s2"]),
    st.fixed_dictionaries({"id": TEXT, "at": TEXT}),
    max_size=2,
)
RAISES = st.builds(
    lambda key, seq, changes, writers: {
        "update": 1,
        "filter": {"_id": key, "seq": {"$lt": seq}},
        "updateMods": {"$set": {**writers, "seq": seq, **changes}},
        "multi": False,
    },
    IDS,
    SEQS,
    st.dictionaries(FIELDS, CHANGES, max_size=3),
    WRITERS,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(INSERTS | RAISES, min_size=1, max_size=6), max_size=4))
def test_any_commits_are_stored_and_answered_as_in_general(
    tmp_path_factory: pytest.TempPathFactory, commits: list[list[dict[str, Any]]]
) -> None:
    """Rows that are refused, heads that go back, values of all kinds that a log may have."""
    pair = Pair(tmp_path_factory.mktemp("pair"))
    try:
        same(pair, command([document_row(key) for key in ("a", "64b7f0c2a1b2c3d4e5f60718")]))
        for writes in commits:
            same(pair, command([(write, 0) for write in writes]))
    finally:
        pair.close()


def at() -> datetime:
    """Return a moment."""
    return datetime(2026, 11, 30, tzinfo=UTC)
