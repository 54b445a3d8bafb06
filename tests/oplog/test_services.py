"""Appends to the log: order, both unique indexes, several documents at once, Kafka."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import mongoengine
import pytest
from mongoengine.context_managers import switch_db

from apps.core import clock, failpoints, ids
from apps.documents.models import Document
from apps.oplog.leases import Hold, Leases
from apps.oplog.models import CrdtOperation, DocumentLock
from apps.oplog.operation import Operation
from apps.oplog.publisher import Publisher, close_shared_publisher
from apps.oplog.selectors import head_seq, operations_find, operations_since
from apps.oplog.services import Append, Appended, AppendState, operations_append
from tests.support.commands import asked
from tests.support.documents import make_document
from tests.support.eventually import eventually
from tests.support.launcher import ROOT, free_port
from tests.support.operations import Scribe

#: Runs the embedded server as one that says it is MongoDB 7: no command for many collections.
OLDER = """
import nx_27017.handler
nx_27017.handler.MAX_WIRE_VERSION = 21
from apps.embedded.mongo_server import main
main()
"""


@pytest.fixture(scope="module")
def older_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start an older server; return the name of the connection to it."""
    port, folder = free_port(), tmp_path_factory.mktemp("older")
    secret = folder / "password"
    secret.write_text("older")
    words = ["--data-dir", str(folder), "--port", str(port), "--password-file", str(secret)]
    process = subprocess.Popen([sys.executable, "-c", OLDER, *words], cwd=ROOT)
    mongoengine.connect(
        host=f"mongodb://scriptorium:older@127.0.0.1:{port}/older?authMechanism=PLAIN",
        alias="older",
        tz_aware=True,
        uuidRepresentation="standard",
    )
    yield "older"
    mongoengine.disconnect("older")
    process.kill()
    process.wait()


@pytest.fixture(
    autouse=True, params=["in one command", "in one command each", "of an older server"]
)
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Append in each of the ways that there are to the store."""
    if request.param == "in one command each":
        failpoints.arm("after_insert:1000000")
        yield
        failpoints.arm(None)
    elif request.param == "of an older server":
        alias = request.getfixturevalue("older_server")
        # Another test's publisher would look for a collection while it is switched.
        close_shared_publisher()
        with ExitStack() as stack:
            for model in (CrdtOperation, DocumentLock, Document):
                stack.enter_context(switch_db(model, alias))
            yield
    else:
        yield


def append(operations: list[Operation], leases: Leases, publisher: Publisher) -> Appended:
    """Append to one document's log."""
    request = Append(operations[0].document_id, operations)
    [answer] = operations_append([request], leases=leases, publisher=publisher)
    return answer


def test_append_stores_in_order(leases: Leases, publisher: Publisher) -> None:
    """What was appended is read back, byte for byte, without a gap."""
    scribe = Scribe()
    operations = scribe.write_many(5)
    assert append(operations[:2], leases, publisher) == Appended(AppendState.STORED, 2)
    assert append(operations[2:], leases, publisher) == Appended(AppendState.STORED, 3)
    assert operations_since(document_id=scribe.document_id, after=0) == operations
    assert operations_since(document_id=scribe.document_id, after=3, limit=1) == operations[3:4]
    assert head_seq(document_id=scribe.document_id) == 5


def test_append_moves_the_head_and_kafka_confirms(leases: Leases, publisher: Publisher) -> None:
    """The documents entity has seq and vector at once, the published seq soon after."""
    scribe = Scribe()
    make_document(scribe.document_id)
    operations = scribe.write_many(3)
    append(operations, leases, publisher)
    document = Document.objects.get(id=scribe.document_id)
    assert (document.seq, document.unpublished) == (3, True)
    assert bytes(document.version_vector) == operations[-1].version_vector

    def published() -> bool:
        stored = Document.objects.get(id=scribe.document_id)
        return bool(stored.published_seq == 3 and not stored.unpublished)

    eventually(published)


@pytest.mark.django_db
def test_steady_append_takes_one_command_where_the_server_has_it(
    leases: Leases, publisher: Publisher, request: pytest.FixtureRequest
) -> None:
    """Of several documents too; else one for the operations and one for the heads."""
    scribes = [Scribe(), Scribe()]
    for scribe in scribes:
        append(scribe.write_many(1), leases, publisher)
    requests = [Append(scribe.document_id, scribe.write_many(3)) for scribe in scribes]
    with asked() as found:
        operations_append(requests, leases=leases, publisher=publisher)
    at_once = request.node.callspec.params["way"] == "in one command"
    assert found.commands == (["bulkWrite"] if at_once else ["insert", "update"])


def test_append_with_a_used_seq_is_a_conflict_and_leaves_no_gap(
    leases: Leases, publisher: Publisher
) -> None:
    """The index of seqs: the loser of the race stores nothing after the seq that exists."""
    scribe, late = Scribe(), Scribe()
    late.document_id = scribe.document_id
    append(scribe.write_many(3), leases, publisher)
    answer = append(late.write_many(5), leases, publisher)
    assert answer == Appended(AppendState.CONFLICT, 0)
    assert head_seq(document_id=scribe.document_id) == 3


def test_append_with_a_used_unique_id_stores_what_was_before_it(
    leases: Leases, publisher: Publisher
) -> None:
    """The index of unique ids: an operation is in the log once, whatever its seq."""
    scribe = Scribe()
    append([scribe.write("a", unique_id="once")], leases, publisher)
    second = [scribe.write("b"), scribe.write("c", unique_id="once"), scribe.write("d")]
    assert append(second, leases, publisher) == Appended(AppendState.CONFLICT, 1)
    assert head_seq(document_id=scribe.document_id) == 2
    found = operations_find(document_id=scribe.document_id, unique_ids=["once", "never"])
    assert {name: operation.seq for name, operation in found.items()} == {"once": 1}


@pytest.mark.parametrize(
    "name", ["2026-11-24 x", "2026-11-24", "2026-11-24T10:00:00Z", "$x", "a.b"]
)
def test_operation_is_found_by_whatever_name_its_author_chose(
    name: str, leases: Leases, publisher: Publisher
) -> None:
    """Some Mongo dialects parse text that starts like a date as a date."""
    scribe = Scribe()
    append([scribe.write("a", unique_id=name)], leases, publisher)
    assert list(operations_find(document_id=scribe.document_id, unique_ids=[name])) == [name]


def test_append_of_several_documents_is_judged_one_by_one(
    leases: Leases, publisher: Publisher
) -> None:
    """The conflict of one document does not block the others of a commit."""
    good, bad, after = Scribe(), Scribe(), Scribe()
    append([bad.write("taken")], leases, publisher)
    stale = Scribe()
    stale.document_id = bad.document_id
    answers = operations_append(
        [
            Append(good.document_id, good.write_many(2)),
            Append(bad.document_id, stale.write_many(2)),
            Append(after.document_id, after.write_many(2)),
        ],
        leases=leases,
        publisher=publisher,
    )
    assert [(answer.state, answer.stored) for answer in answers] == [
        (AppendState.STORED, 2),
        (AppendState.CONFLICT, 0),
        (AppendState.STORED, 2),
    ]
    assert head_seq(document_id=after.document_id) == 2


def test_heads_are_those_of_what_was_stored(leases: Leases, publisher: Publisher) -> None:
    """Of a document's part too, and of none that was refused; in as many commands as it takes."""
    good, half, bad = Scribe(), Scribe(), Scribe()
    for scribe in (good, half, bad):
        make_document(scribe.document_id)
    append([half.write("a", unique_id="once")], leases, publisher)
    append([bad.write("taken")], leases, publisher)
    leases.hold(good.document_id)
    stale = Scribe()
    stale.document_id = bad.document_id
    requests = [
        Append(good.document_id, good.write_many(2)),
        Append(half.document_id, [half.write("b"), half.write("c", unique_id="once")]),
        Append(bad.document_id, stale.write_many(2)),
    ]
    answers = operations_append(requests, leases=leases, publisher=publisher)
    assert [answer.stored for answer in answers] == [2, 1, 0]
    seqs = [Document.objects.get(id=append.document_id).seq for append in requests]
    assert seqs == [2, 2, 1]


def test_append_under_another_s_lock_is_locked(publisher: Publisher, leases: Leases) -> None:
    """Nothing is written without the lock."""
    scribe = Scribe()
    other = Leases("other")
    other.hold(scribe.document_id)
    assert append(scribe.write_many(1), leases, publisher).state is AppendState.LOCKED
    assert head_seq(document_id=scribe.document_id) == 0
    other.release_all()


def test_append_after_a_transferred_lock_is_a_conflict_before_any_write(
    publisher: Publisher, leases: Leases
) -> None:
    """With a newly acquired lock, the log is read first."""
    scribe, other = Scribe(), Leases("other")
    append([scribe.write("theirs")], other, publisher)
    other.release_all()
    mine = replace(Scribe().write("mine"), document_id=scribe.document_id)
    assert append([mine], leases, publisher) == Appended(AppendState.CONFLICT, 0)


def test_race_of_servers_without_locks_leaves_one_order(publisher: Publisher) -> None:
    """Even if every server assumes that it has the lock: seq 1 to n, each id once."""
    document_id = ids.new_id()

    class Reckless(Leases):
        """Believes that it always has the lock."""

        def _acquire(self, document_id: str) -> Hold:
            return Hold.HELD

    def write(server: int) -> None:
        leases, written = Reckless(f"server-{server}"), 0
        while written < 10:
            operation = Operation(
                document_id=document_id,
                seq=head_seq(document_id=document_id) + 1,
                unique_id=f"{server}-{written}",
                author_id="1",
                received_at=clock.now(),
                version_vector=b"\x00",
                update=b"\x00\x00",
            )
            written += append([operation], leases, publisher).stored

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    operations = operations_since(document_id=document_id, after=0)
    assert [operation.seq for operation in operations] == list(range(1, 41))
    assert len({operation.unique_id for operation in operations}) == 40
