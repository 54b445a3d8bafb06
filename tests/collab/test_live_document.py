"""A live document: batches, duplicates, late causes, coalescing, limits. Pure."""

import random
from typing import Any

import pycrdt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.collab.document_bounds import DELETIONS_BYTES
from apps.collab.limits import Limits
from apps.collab.live_document import MAX_PREPARED_BYTES, BrokenDocumentError, LiveDocument
from apps.collab.submission import Draft
from apps.core import clock
from apps.core.errors import LimitExceededError
from apps.crdt.codec.contents import ELEMENT, TYPE, XML_TEXT
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import Vector, decode_vector
from apps.crdt.engine.base import get_engine
from apps.history.loaded_document import LoadedDocument
from apps.oplog.operation import Operation
from tests.collab.authors import Author, Breaking, Noting, Writer, submission, text_of
from tests.crdt.samples import item, letters, string, uints, written

ENGINE = get_engine("pycrdt")
DOCUMENT = "0b6f3a52-5d3c-4a3e-9a0e-1d9c3c5f7a11"


class Scribbled:
    """Updates with two of something: structs, ranges of deletes, clients, clients that it needs."""

    structs = written([(1, 0, [letters("a", parent="a"), letters("b", parent="b")])])
    deletes = written(deletes=[(1, [(0, 1), (2, 1)])])
    clients = written([(n, 0, [letters("a", parent="a")]) for n in (1, 2)])
    needs = written(deletes=[(1, [(0, 1)]), (2, [(0, 1)])])


def live(loaded: LoadedDocument | None = None, **limits: Any) -> LiveDocument:
    """Return a live document, an empty one by default."""
    if loaded is None:
        loaded = LoadedDocument(engine=ENGINE.new_document(), vector={}, seq=0, size_bytes=0)
    return LiveDocument(loaded, engine=ENGINE, limits=Limits(**limits))


def settle(document: LiveDocument, drafts: list[Draft]) -> list[Operation]:
    """Commit drafts, as the room does after storing them."""
    operations = document.assign_seqs(drafts, document_id=DOCUMENT, at=clock.now())
    document.mark_persisted(drafts, operations)
    return operations


def test_operation_new_is_numbered_and_acknowledged() -> None:
    """A native client's update becomes one operation with its id, its vector and the next seq."""
    document, author, writer = live(), Author(user_id="7"), Writer()
    drafts = document.prepare([submission(writer.write("hi"), author, "a")], at=0)
    [operation] = settle(document, drafts)
    assert (operation.seq, operation.unique_id, operation.author_id) == (1, "a", "7")
    assert decode_vector(operation.version_vector) == {writer.doc.client_id: 2}
    assert author.persisted == [("a", 1)]
    assert text_of(document.document) == "hi"


def test_operation_repeated_is_answered_with_its_first_seq() -> None:
    """The same unique id again changes nothing, in the same batch and in a later one."""
    document, author, again, writer = live(), Author(), Author(), Writer()
    update = writer.write("hi")
    drafts = document.prepare(
        [submission(update, author, "a"), submission(update, again, "a")], at=0
    )
    assert len(drafts) == 1
    settle(document, drafts)
    assert document.prepare([submission(update, again, "a")], at=0) == []
    assert again.duplicates == [("a", 1), ("a", 1)]
    assert again.persisted == []


def test_update_without_id_that_is_noop_is_not_logged() -> None:
    """A stock client's full state after a reconnect, including deletions, adds no operation."""
    document, author, writer = live(), Author(), Writer()
    first = document.prepare(
        [submission(writer.write("hello"), author), submission(writer.erase(0, 2), author)], at=0
    )
    settle(document, first)
    everything = writer.doc.get_update()
    assert read_update(everything).deletes
    assert document.prepare([submission(everything, author)], at=0) == []
    assert document.prepare([submission(b"\x00\x00", author)], at=0) == []


def test_update_of_deletes_alone_is_logged_once() -> None:
    """A deletion does not advance the state vector and still is an operation."""
    document, author, writer = live(), Author(), Writer()
    settle(document, document.prepare([submission(writer.write("hello"), author)], at=0))
    erased = writer.erase(0, 2)
    drafts = document.prepare([submission(erased, author)], at=0)
    assert len(drafts) == 1
    settle(document, drafts)
    assert text_of(document.document) == "llo"
    assert document.prepare([submission(erased, author)], at=0) == []


def test_only_an_update_without_structs_is_checked_for_changes() -> None:
    """The check would triple the engine's time for a keystroke."""
    document, author, writer = live(), Author(), Writer()
    noting = Noting(document.document)
    document.loaded.engine = noting
    updates = [writer.write("a"), writer.write("b"), writer.erase(0, 1)]
    document.prepare([submission(update, author) for update in updates], at=0)
    assert noting.calls == [True, True, False]


def test_updates_of_one_stock_client_in_one_batch_are_one_operation() -> None:
    """They are coalesced, as a client that batches would have sent them."""
    document, first, second = live(), Author(), Author()
    a, b = Writer(), Writer()
    batch = [
        submission(a.write("1"), first),
        submission(b.write("x"), second),
        submission(a.write("2"), first),
        submission(b.write("y"), second),
        submission(a.write("3"), first),
    ]
    drafts = document.prepare(batch, at=0)
    operations = settle(document, drafts)
    assert [len(draft.submissions) for draft in drafts] == [3, 2]
    replay: pycrdt.Doc[Any] = pycrdt.Doc()
    for operation in operations:
        replay.apply_update(operation.update)
        touched = decode_vector(operation.version_vector)
        assert touched.items() <= decode_vector(replay.get_state()).items()
    assert [len(decode_vector(operation.version_vector)) for operation in operations] == [1, 1]
    assert replay.get_update() == document.document.encode()


def test_coalescing_never_moves_an_edit_before_its_cause() -> None:
    """An edit that depends on another edit of the batch starts a new operation after it."""
    document, first, second = live(), Author(), Author()
    a, b = Writer(), Writer()
    one = a.write("1")
    b.doc.apply_update(one)
    two = b.write("2")
    a.doc.apply_update(two)
    three = a.write("3")
    drafts = document.prepare(
        [submission(one, first), submission(two, second), submission(three, first)], at=0
    )
    assert [len(draft.submissions) for draft in drafts] == [1, 1, 1]
    vector: Vector = {}
    for operation in settle(document, drafts):
        header = read_update(operation.update)
        assert all(vector.get(client, 0) >= clock for client, clock in header.needs.items())
        vector = decode_vector(operation.version_vector)


def test_operation_before_its_cause_is_pending_and_its_cause_is_requested() -> None:
    """It is logged after its cause, which is requested from its sender."""
    document, author, writer = live(), Author(), Writer()
    one, two = writer.write("1"), writer.write("2")
    assert document.prepare([submission(two, author, "two")], at=0) == []
    assert author.missing == [{}]
    assert text_of(document.document) == ""
    drafts = document.prepare([submission(one, author, "one")], at=1)
    assert [draft.unique_id for draft in drafts] == ["one", "two"]
    settle(document, drafts)
    assert author.persisted == [("one", 1), ("two", 2)]
    assert text_of(document.document) == "12"


def test_pending_operation_of_an_author_who_lost_the_right_is_refused() -> None:
    """Its cause comes from another person, up to a minute later."""
    document, author, other, writer = live(), Author(), Author("2"), Writer()
    one, two = writer.write("1"), writer.write("2")
    document.prepare([submission(two, author, "two")], at=0)
    author.may_write = False
    drafts = document.prepare([submission(one, other, "one")], at=1)
    assert [draft.unique_id for draft in drafts] == ["one"]
    assert [(unique_id, error.code) for unique_id, error in author.rejected] == [
        ("two", "forbidden")
    ]
    assert text_of(document.document) == "1"


def test_operation_before_its_cause_of_a_caller_that_cannot_wait_is_refused() -> None:
    """A REST call is answered at once, and nothing is pending."""
    document, author, writer = live(), Author(can_wait=False), Writer()
    writer.write("1")
    assert document.prepare([submission(writer.write("2"), author, "two")], at=0) == []
    assert [error.code for _, error in author.rejected] == ["incomplete"]
    assert len(document.pending) == 0


def test_pending_over_its_bound_is_refused_for_now() -> None:
    """Updates without causes fill a bound, not the memory."""
    document, author, writer = live(pending_bytes=1000), Author(), Writer()
    writer.write("cause")
    for _ in range(5):
        document.prepare([submission(writer.write("x" * 100), author, None)], at=0)
    assert {error.code for _, error in author.rejected} == {"unavailable"}
    assert document.pending.size_bytes <= 1000


def test_document_at_its_size_limit_refuses_and_keeps_its_content() -> None:
    """A document cannot grow until it cannot be loaded any more."""
    document, author, writer = live(document_bytes=200), Author(), Writer()
    settle(document, document.prepare([submission(writer.write("a" * 100), author, "a")], at=0))
    assert document.prepare([submission(writer.write("b" * 100), author, "b")], at=0) == []
    [(unique_id, error)] = author.rejected
    assert (unique_id, error.code) == ("b", "limit_exceeded")
    assert text_of(document.document) == "a" * 100


def test_full_document_takes_deletions_and_then_what_fits() -> None:
    """Otherwise nobody could make room."""
    document, author, writer = live(document_bytes=200), Author(), Writer()
    settle(document, document.prepare([submission(writer.write("a" * 150), author, "a")], at=0))
    settle(document, document.prepare([submission(writer.write("b"), author, "b")], at=1))
    settle(document, document.prepare([submission(writer.erase(0, 140), author, "c")], at=2))
    assert [unique_id for unique_id, _ in author.persisted] == ["a", "b", "c"]
    for number, (length, at) in enumerate(((50, 3), (50, 3), (50, 3))):
        update = writer.write("d" * length)
        settle(document, document.prepare([submission(update, author, f"d{number}")], at=at))
    assert [unique_id for unique_id, _ in author.persisted] == ["a", "b", "c", "d0"]
    assert [unique_id for unique_id, _ in author.rejected] == ["d1", "d2"]
    assert document.size_bytes < 200


def test_deletions_of_a_full_document_are_bounded() -> None:
    """They take place, too."""
    document, author, writer = live(document_bytes=200), Author(), Writer()
    settle(document, document.prepare([submission(writer.write("a" * 150), author, "a")], at=0))
    document.loaded.size_bytes = 200 + DELETIONS_BYTES
    assert document.prepare([submission(writer.erase(0, 1), author, "b")], at=0) == []
    assert [error.code for _, error in author.rejected] == ["limit_exceeded"]


def test_operation_of_another_server_counts_towards_the_size_limit() -> None:
    """A document with writers on several servers is refused at the same size."""
    document, author, here, there = live(document_bytes=200), Author(), Writer(), Writer()
    update = there.write("a" * 150)
    operation = Operation(
        document_id=DOCUMENT,
        seq=1,
        unique_id="there",
        author_id="2",
        received_at=clock.now(),
        version_vector=there.doc.get_state(),
        update=update,
    )
    document.apply_remote(operation)
    assert document.size_bytes == len(update)
    assert document.prepare([submission(here.write("b" * 100), author, "b")], at=0) == []
    assert [error.code for _, error in author.rejected] == ["limit_exceeded"]


def test_update_that_breaks_the_engine_leaves_the_others_to_be_repeated() -> None:
    """The breaking update is named, and the others of the batch are returned."""
    document, author, writer = live(), Author(), Writer()
    good = submission(writer.write("good"), author, "good")
    bad = submission(writer.write("bad"), author, "bad")
    after = submission(writer.write("after"), author, "after")
    document.loaded.engine = Breaking(document.document, bad.update)
    with pytest.raises(BrokenDocumentError) as caught:
        document.prepare([good, bad, after], at=0)
    assert caught.value.culprit is bad
    assert caught.value.retry == [good, after]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_order_with_duplicates_converges(data: st.DataObject) -> None:
    """In any order, with duplicates: the log, the memory and the writers' merge are equal."""
    document, author = live(), Author()
    writers = [Writer(client_id) for client_id in (1, 2, 3)]
    everything: list[tuple[str | None, bytes]] = []
    for number in range(data.draw(st.integers(3, 14))):
        writer = data.draw(st.sampled_from(writers))
        if data.draw(st.booleans()) and everything:
            writer.doc.apply_update(data.draw(st.sampled_from(everything))[1])
        length = len(str(writer.content))
        if length > 1 and data.draw(st.booleans()):
            update = writer.erase(0, 1)
        else:
            update = writer.write(data.draw(st.text("abc", min_size=1, max_size=4)))
        everything.append((data.draw(st.sampled_from([None, f"op-{number}"])), update))
    order = data.draw(st.permutations(everything + everything[:3]))
    replay = ENGINE.new_document()
    for start in range(0, len(order), 3):
        batch = [submission(update, author, name) for name, update in order[start : start + 3]]
        for operation in settle(document, document.prepare(batch, at=0)):
            replay.apply(operation.update)
    truth: pycrdt.Doc[Any] = pycrdt.Doc()
    content = truth.get("content", type=pycrdt.Text)
    for _, update in everything:
        truth.apply_update(update)
    assert not author.rejected
    assert not len(document.pending)
    assert document.vector == decode_vector(replay.state_vector())
    assert text_of(document.document) == text_of(replay) == str(content)


def test_batch_of_many_bytes_gives_others_their_turn() -> None:
    """The rest is left in order, as it came, and nothing of it is to be tried first."""
    document, author = live(), Author()
    updates = [Writer().write("x" * 1_000) for _ in range(3 * MAX_PREPARED_BYTES // 1_000)]
    left = [submission(update, author, f"{n}") for n, update in enumerate(updates)]
    batches = 0
    while left:
        settle(document, document.prepare(left, at=0))
        left = document.take_held()
        assert not document.needs_rehearsal
        batches += 1
    assert batches in (3, 4)
    assert author.persisted == [(f"{n}", n + 1) for n in range(len(updates))]


def test_words_anywhere_in_a_document_that_a_stranger_made_large_are_not_tried() -> None:
    """What the stranger sends has no price for the words of others (seed 1511, round 49)."""
    writer, chance = Writer(), random.Random(1)
    writer.write("text ")
    large = writer.doc.get("default", type=pycrdt.XmlFragment)
    with writer.doc.transaction():
        for _ in range(30_000):
            large.children.append(pycrdt.XmlElement("paragraph"))
    state = writer.doc.get_update()
    engine = ENGINE.new_document()
    engine.apply(state)
    vector = decode_vector(writer.doc.get_state())
    document = live(LoadedDocument(engine=engine, vector=vector, seq=1, size_bytes=len(state)))
    author, tried = Author(), 0
    for number in range(200):
        before = writer.doc.get_state()
        writer.content.insert(chance.randrange(len(writer.content)), f"word{number} ")
        left = [submission(writer.doc.get_update(before), author, f"{number}")]
        while left:
            settle(document, document.prepare(left, at=number / 20))
            left = document.take_held()
            if left:
                tried += 1
                document.mark_rehearsed(left[0])
    assert len(author.persisted) == 200
    assert tried <= 1


def test_text_that_resumes_in_another_paragraph_is_refused() -> None:
    """Its beginning was deleted, so it cannot be compared; a reload would lose the rest of it."""
    document, author = live(), Author()
    paragraphs = [
        item(TYPE, uints(ELEMENT) + string("paragraph"), parent="default"),
        item(TYPE, uints(ELEMENT) + string("paragraph"), left=(1, 0)),
        item(TYPE, uints(XML_TEXT), parent=(1, 0)),
        item(TYPE, uints(XML_TEXT), parent=(1, 1)),
        letters("b", parent=(1, 3)),
    ]
    for number, update in enumerate(
        (
            written([(1, 0, paragraphs)]),
            written([(2, 0, [letters("ab", parent=(1, 2))])]),
            written(deletes=[(2, [(0, 2)])]),
            written([(2, 1, [letters("rrr", parent=(1, 3))])]),
        )
    ):
        settle(document, document.prepare([submission(update, author, f"{number}")], at=0))
    assert [(unique_id, error.code) for unique_id, error in author.rejected] == [("3", "malformed")]
    again = ENGINE.new_document()
    again.apply(document.document.encode())
    assert document.document.reading() == again.reading()


def test_client_ids_of_a_document_have_a_limit() -> None:
    """Whoever wrote before writes on."""
    document, author = live(document_clients=2), Author()
    writers = [Writer() for _ in range(3)]
    for name, writer in zip("abc", writers, strict=True):
        settle(document, document.prepare([submission(writer.write(name), author, name)], at=0))
    settle(document, document.prepare([submission(writers[0].write("d"), author, "d")], at=0))
    assert author.persisted == [("a", 1), ("b", 2), ("d", 3)]
    [(unique_id, error)] = author.rejected
    assert unique_id == "c"
    assert error.extra == {"limit": "document_clients", "value": 2}


@pytest.mark.parametrize(
    ("limit", "update"),
    [
        ("update_structs", Scribbled.structs),
        ("update_structs", Scribbled.deletes),
        ("update_clients", Scribbled.clients),
        ("update_clients", Scribbled.needs),
    ],
)
def test_update_with_too_many_parts_is_over_the_limit(limit: str, update: bytes) -> None:
    """What is at the limit is not."""
    header = read_update(update)
    Limits(**{limit: 2}).check_header(header)
    with pytest.raises(LimitExceededError) as over:
        Limits(**{limit: 1}).check_header(header)
    assert over.value.extra == {"limit": limit, "value": 1}
