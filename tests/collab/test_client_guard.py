"""Client ids belong to people: what others send in their names is refused, on every server."""

from typing import Any

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.collab.limits import Limits
from apps.collab.live_document import LiveDocument
from apps.collab.submission import Draft, Submission
from apps.core import clock, ids
from apps.crdt.analysis import known_content
from apps.crdt.engine.base import get_engine
from apps.history.client_owners import SHARED
from apps.history.loaded_document import LoadedDocument
from apps.history.recovery import document_load, snapshot_of
from apps.history.services import version_create
from apps.history.snapshot_cache import snapshot_forget
from apps.oplog.operation import Operation
from apps.oplog.publisher import Publisher
from tests.collab.authors import Author, Writer, submission, text_of
from tests.collab.conftest import MakeHouse
from tests.collab.rooms import until_quiet, write_elsewhere
from tests.crdt.samples import letters, uints, written

ENGINE = get_engine("pycrdt")
DOCUMENT = "0b6f3a52-5d3c-4a3e-9a0e-1d9c3c5f7a11"
#: The client id of Ada's page.
PAGE = 71


def live(
    announced: dict[int, str] | None = None, *, relays: object = False, **limits: Any
) -> LiveDocument:
    """Return an empty live document.

    ``announced`` has the people of client ids in presence; while ``relays`` is true, an older
    backup has been restored.
    """
    loaded = LoadedDocument(engine=ENGINE.new_document(), vector={}, seq=0, size_bytes=0)
    return LiveDocument(
        loaded,
        engine=ENGINE,
        limits=Limits(**limits),
        announced_by=(announced or {}).get,
        accepts_relays=lambda: bool(relays),
    )


def settle(document: LiveDocument, drafts: list[Draft]) -> list[Operation]:
    """Commit drafts, as the room does after storing them."""
    operations = document.assign_seqs(drafts, document_id=DOCUMENT, at=clock.now())
    document.mark_persisted(drafts, operations)
    return operations


def send(
    document: LiveDocument, author: Author, update: bytes, unique_id: str | None = None
) -> list[Operation]:
    """Submit one update and commit what becomes of it."""
    return settle(document, document.prepare([submission(update, author, unique_id)], at=0))


def codes(author: Author) -> list[str]:
    """Return the codes of an author's rejections."""
    return [error.code for _, error in author.rejected]


def collected(clock: int, length: int) -> bytes:
    """Return an update of garbage collected clocks in the name of Ada's page."""
    return written([(PAGE, clock, [b"\x00" + uints(length)])])


def people() -> tuple[Author, Author, Writer]:
    """Return Ada, Grace, and Ada's page."""
    return Author(user_id="1"), Author(user_id="2"), Writer(PAGE)


def test_clocks_that_a_page_will_write_next_are_refused_to_others() -> None:
    """Twelve bytes made a co-author's next words vanish while they were acknowledged."""
    document, (ada, grace, page) = live(), people()
    send(document, ada, page.write("hello"), "one")
    assert send(document, grace, collected(5, 2**20), "evil") == []
    assert codes(grace) == ["foreign_client"]
    send(document, ada, page.write(" world"), "two")
    assert ada.persisted == [("one", 1), ("two", 2)]
    assert text_of(document.document) == "hello world"


def test_client_id_is_taken_by_the_first_edit_of_a_batch() -> None:
    """Both come with the same batch, before anything of the client id is in the log."""
    document, (ada, grace, page) = live(), people()
    first = page.write("hello")
    evil = written([(PAGE, 0, [letters("HELLO!", parent="content")])])
    batch = [submission(first, ada, "one"), submission(evil, grace, "evil")]
    settle(document, document.prepare(batch, at=0))
    assert (ada.persisted, codes(grace)) == ([("one", 1)], ["foreign_client"])
    assert document.owners == {PAGE: "1"}


def test_client_id_that_was_taken_before_is_refused_to_its_page_with_a_word() -> None:
    """The page is told instead of being acknowledged; under a new client id it is stored."""
    document, (ada, grace, page) = live(), people()
    send(document, grace, collected(0, 100), "evil")
    send(document, ada, page.write("hello"), "one")
    assert (ada.persisted, codes(ada)) == ([], ["foreign_client"])
    again = Author(user_id="1")
    send(document, again, Writer(72).write("hello"), "again")
    assert again.persisted == [("again", 2)]
    assert text_of(document.document) == "hello"


@pytest.mark.parametrize(
    "taken",
    [
        letters("hello", parent="elsewhere"),
        letters("hello there", parent="elsewhere"),
        b"\x00" + uints(5),
    ],
    ids=["at another place", "at another place, with more", "collected"],
)
@pytest.mark.parametrize("is_one_batch", [True, False], ids=["one batch", "before"])
@pytest.mark.parametrize("relays", [False, True], ids=["usually", "after a restore"])
def test_content_that_cannot_be_read_is_not_acknowledged(
    taken: bytes, *, is_one_batch: bool, relays: bool
) -> None:
    """Grace took the client id, and guessed what Ada's page would write."""
    document, (ada, grace, page) = live(relays=relays), people()
    evil, first = written([(PAGE, 0, [taken])]), page.write("hello")
    batch = [submission(evil, grace, "evil"), submission(first, ada, "one")]
    for submissions in [batch] if is_one_batch else [[one] for one in batch]:
        settle(document, document.prepare(submissions, at=0))
    assert (ada.persisted, codes(ada)) == ([], ["foreign_client"])


def test_client_id_announced_in_presence_is_reserved() -> None:
    """Others see the id before its page has written."""
    document, (ada, grace, page) = live({PAGE: "1"}), people()
    send(document, grace, collected(0, 100), "evil")
    assert codes(grace) == ["foreign_client"]
    send(document, ada, page.write("hello"), "one")
    assert ada.persisted == [("one", 1)]


def test_owner_in_the_log_counts_more_than_presence() -> None:
    """Who announces another person's id cannot keep that person from writing."""
    announced: dict[int, str] = {}
    document, (ada, _, page) = live(announced), people()
    send(document, ada, page.write("hello"), "one")
    announced[PAGE] = "2"
    send(document, ada, page.write(" world"), "two")
    assert ada.persisted == [("one", 1), ("two", 2)]


def test_edit_that_waits_for_its_cause_does_not_take_the_client_id() -> None:
    """Clocks from 5 on, before the page has sent the first ones."""
    document, (ada, grace, page) = live(), people()
    evil = written([(PAGE, 5, [letters("evil", left=(PAGE, 4))])])
    send(document, grace, evil, "evil")
    assert len(document.pending) == 1
    send(document, ada, page.write("hello"), "one")
    assert (ada.persisted, codes(grace)) == ([("one", 1)], ["foreign_client"])
    assert text_of(document.document) == "hello"


def test_known_structs_of_others_are_passed_on() -> None:
    """A stock client's step 2 has what it knows of others; its own letters behind it are stored."""
    document, (ada, grace, page) = live(), people()
    send(document, ada, page.write("hello"))
    other = Writer(80)
    other.doc.apply_update(page.doc.get_update())
    other.write(" there")
    assert len(send(document, grace, other.doc.get_update())) == 1
    assert (document.owners, grace.rejected) == ({PAGE: "1", 80: "2"}, [])
    assert text_of(document.document) == "hello there"


def test_unknown_structs_of_others_are_refused_and_then_known() -> None:
    """A tab passes on what another person's tab has not sent yet; later it is known."""
    document, (ada, grace, page) = live(), people()
    send(document, ada, page.write("hello"))
    late, other = page.write("!"), Writer(80)
    other.doc.apply_update(page.doc.get_update())
    other.write("?")
    everything = other.doc.get_update()
    assert send(document, grace, everything) == []
    assert codes(grace) == ["foreign_client"]
    send(document, ada, late)
    assert len(send(document, Author(user_id="2"), everything)) == 1
    assert text_of(document.document) == "hello!?"


def test_after_the_restore_of_an_older_backup_pages_bring_back_the_edits_of_all() -> None:
    """Each page sends what the server lacks, whoever wrote it; nothing comes twice."""
    document, (ada, grace, page) = live(relays=True), people()
    send(document, ada, page.write("in the backup, "), "one")
    page.write("lost, ")
    other = Writer(80)
    other.doc.apply_update(page.doc.get_update())
    other.write("lost, too")
    page.doc.apply_update(other.doc.get_update())
    send(document, grace, other.doc.get_update(), "by grace")
    send(document, ada, page.doc.get_update(), "by ada")
    send(document, ada, page.write("!"), "new")
    assert [unique_id for unique_id, _ in ada.persisted] == ["one", "by ada", "new"]
    assert text_of(document.document) == "in the backup, lost, lost, too!"
    # Grace brought new structs of Ada's page: from then on nobody is the owner of its client id.
    assert document.owners == {PAGE: SHARED, 80: "2"}


def test_clocks_taken_after_the_restore_of_a_backup_are_not_acknowledged() -> None:
    """Everybody may bring edits of others then; a page whose clocks were taken is told."""
    document, (ada, grace, page) = live(relays=True), people()
    send(document, ada, page.write("hello"), "one")
    batch = [
        submission(collected(5, 2**20), grace, "evil"),
        submission(page.write(" world"), ada, "two"),
    ]
    settle(document, document.prepare(batch, at=0))
    assert (ada.persisted, codes(ada)) == ([("one", 1)], ["foreign_client"])


def test_clocks_taken_until_relays_end_are_not_acknowledged_later() -> None:
    """The log knows from then on that two people brought structs of the client id."""
    is_restored = [True]
    document, (ada, grace, page) = live(relays=is_restored), people()
    send(document, ada, page.write("hello"), "one")
    send(document, grace, collected(5, 2**20), "evil")
    assert grace.persisted == [("evil", 2)]
    for unique_id in ("at that time", "later"):
        connection = Author(user_id="1")
        send(document, connection, page.write(" world"), unique_id)
        assert (connection.persisted, codes(connection)) == ([], ["foreign_client"])
        is_restored.clear()


def test_edits_behind_a_refused_one_are_refused_until_the_next_connection() -> None:
    """They build on ids that the document may have, with the content of another person."""
    document, (ada, grace, page) = live(), people()
    send(document, grace, collected(0, 100), "evil")
    page.write("hello")
    behind = written([(80, 0, [letters("!", left=(PAGE, 4))])])
    send(document, ada, page.doc.get_update(), "one")
    send(document, ada, behind, "two")
    send(document, ada, Writer(81).write("other"), "three")
    assert (ada.persisted, codes(ada)) == ([], ["foreign_client"] * 3)
    again = Author(user_id="1")
    send(document, again, Writer(81).write("other"), "three")
    assert again.persisted == [("three", 2)]


def test_other_content_at_known_clocks_is_rejected() -> None:
    """Two pages of one person with the same client id; the second one is not told "persisted"."""
    document, (ada, _, page) = live(), people()
    send(document, ada, page.write("hello"), "one")
    for text in ("HELLO", "HELLO and more"):
        assert send(document, ada, Writer(PAGE).write(text), ids.new_id()) == []
    assert codes(ada) == ["content_conflict", "content_conflict"]
    assert text_of(document.document) == "hello"


def test_same_content_under_another_id_is_stored() -> None:
    """After a crash a page sends what it has again: as it was, merged, or deleted since."""
    document, (ada, _, page) = live(), people()
    one, two = page.write("hello"), page.write(" world")
    send(document, ada, one, "one")
    send(document, ada, ENGINE.merge([one, two]), "both")
    send(document, ada, page.erase(0, 3), "erased")
    send(document, ada, page.doc.get_update(), "everything")
    send(document, ada, one, "late")
    assert (ada.rejected, len(ada.persisted)) == ([], 5)
    assert text_of(document.document) == "lo world"


def test_repetitions_of_a_large_document_have_a_budget() -> None:
    """Each one reads the document; an honest page sends hardly any."""
    document, (ada, _, page) = live(read_budget=3, read_budget_per_s=1), people()
    first = page.write("hello")
    send(document, ada, first, "one")
    for number in range(5):
        document.prepare([submission(first, ada, f"again {number}")], at=0)
    assert codes(ada) == ["unavailable"] * 3
    document.prepare([submission(first, ada, "later")], at=10)
    assert codes(ada) == ["unavailable"] * 3


def test_repetition_that_is_too_long_is_refused_to_a_page_and_for_now_to_a_stock_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stock client that connects again is asked for less; at a limit it would give up."""
    monkeypatch.setattr(known_content, "MAX_READ_STRUCTS", 10)
    document, (ada, _, _) = live(), people()
    structs = [letters("x", parent=f"t{number}") for number in range(30)]
    send(document, ada, written([(PAGE, 0, structs)]))
    more = written([(PAGE, 0, [*structs, letters("y", parent="t0")])])
    send(document, ada, more, "by a page")
    send(document, ada, more)
    assert codes(ada) == ["limit_exceeded", "unavailable"]


# --- on the real log: several servers, restarts ---------------------------------------------------


async def submitted(room: Any, author: Author, update: bytes, unique_id: str) -> None:
    """Submit an edit to a room, and wait until it is answered."""
    room.submit(submission(update, author, unique_id))
    await until_quiet(room)


async def test_race_for_a_client_id_on_two_servers_has_one_winner(
    make_house: MakeHouse, publisher: Publisher
) -> None:
    """Ada's first edit is in the log and unknown to the server that has merged Grace's."""
    room = await make_house().open()
    ada, grace, page = people()
    first = page.write("hello")
    [draft] = live().prepare([submission(first, ada, "one")], at=0)
    other = LiveDocument(
        LoadedDocument(engine=ENGINE.new_document(), vector={}, seq=0, size_bytes=0),
        engine=ENGINE,
        limits=Limits(),
    )
    write_elsewhere(
        other.assign_seqs([draft], document_id=room.document_id, at=clock.now()), publisher
    )
    evil = written([(PAGE, 0, [letters("EVIL EVIL", parent="content")])])
    room.submit(submission(Writer(90).write("mine"), grace, "own"))
    room.submit(submission(evil, grace, "evil"))
    await until_quiet(room)
    assert codes(grace) == ["foreign_client"]
    assert grace.persisted == [("own", 2)]
    await submitted(room, ada, page.write(" world"), "two")
    assert ada.persisted == [("two", 3)]
    loaded = document_load(document_id=room.document_id)
    assert text_of(loaded.engine) == text_of(room.live.document)
    assert "hello world" in text_of(loaded.engine)
    assert loaded.owners == room.live.owners == {PAGE: "1", 90: "2"}


async def test_twin_of_a_client_id_on_two_servers_is_told(
    make_house: MakeHouse, publisher: Publisher
) -> None:
    """One person, two pages with the same client id and other letters, on two servers at once."""
    room = await make_house().open()
    ada, _, page = people()
    [draft] = live().prepare([submission(page.write("hello"), ada, "one")], at=0)
    operations = live().assign_seqs([draft], document_id=room.document_id, at=clock.now())
    write_elsewhere(operations, publisher)
    await submitted(room, ada, Writer(PAGE).write("HELLO!"), "twin")
    assert (ada.persisted, codes(ada)) == ([], ["content_conflict"])
    assert text_of(room.live.document) == "hello"


@pytest.mark.parametrize("source", ["log", "snapshot", "old snapshot"])
async def test_owner_is_known_after_a_restart(make_house: MakeHouse, source: str) -> None:
    """From the log alone, from a snapshot, and from one of a release without owners."""
    before, (ada, grace, page) = await make_house().open(), people()
    await submitted(before, ada, page.write("hello"), "one")
    document_id = before.document_id
    if source != "log":
        snapshot = snapshot_of(document_load(document_id=document_id), document_id=document_id)
        if source == "old snapshot":
            snapshot = type(snapshot)(snapshot.seq, snapshot.version_vector, snapshot.state)
        version_create(document_id=document_id, snapshot=snapshot)
    snapshot_forget(document_id=document_id)
    after = await make_house().open(document_id)
    await submitted(after, grace, collected(5, 100), "evil")
    assert codes(grace) == ["foreign_client"]
    await submitted(after, ada, page.write(" world"), "two")
    assert ada.persisted == [("one", 1), ("two", 2)]


# --- whatever others send ---


class Stranger:
    """An editor who sends anything that uses Ada's client ids, their own, and known structs."""

    def __init__(self, data: st.DataObject) -> None:
        self._draw = data.draw
        self._own = Writer(90)

    def update(self, seen: list[bytes]) -> bytes:
        """Return the next update."""
        kind = self._draw(st.sampled_from(["collect", "letters", "own", "relay", "relay changed"]))
        clock = self._draw(st.integers(0, 12))
        client = self._draw(st.sampled_from([PAGE, PAGE + 1, PAGE + 2, 90]))
        if kind == "collect":
            length = self._draw(st.sampled_from([1, 3, 2**20]))
            return written([(client, clock, [b"\x00" + uints(length)])])
        if kind == "letters":
            place = {"left": (client, clock - 1)} if clock else {"parent": "content"}
            text = self._draw(st.text("XYZ", min_size=1, max_size=5))
            return written([(client, clock, [letters(text, **place)])])
        if kind == "own" or not seen:
            return self._own.write("g")
        relayed = self._draw(st.sampled_from(seen))
        if kind == "relay":
            self._own.doc.apply_update(relayed)
            return self._own.doc.get_update()
        return relayed.replace(b"a", b"z")


class Page:
    """Ada's page: after a refusal it connects again, with a new client id."""

    def __init__(self) -> None:
        self._authors = [Author(user_id="1")]
        self._writer = Writer(PAGE)

    def write(self, unique_id: str) -> Submission:
        """Write the unique id into the document."""
        if self._authors[-1].refusal is not None:
            self._authors.append(Author(user_id="1"))
            self._writer = Writer(PAGE + len(self._authors) % 3)
        update = self._writer.write(f"a{unique_id};")
        return submission(update, self._authors[-1], unique_id)

    def acknowledged(self) -> list[str]:
        """Return the unique ids that were acknowledged as stored."""
        return [
            unique_id
            for author in self._authors
            for unique_id, _ in [*author.persisted, *author.duplicates]
        ]


@given(data=st.data())
def test_what_a_page_was_told_is_stored_can_be_read_by_everybody(data: st.DataObject) -> None:
    """Ada's page writes letters; others send what they like, and delete nothing.

    What was acknowledged is in the text that the server has, and in the text that any reader makes
    of the log, in whatever batches it came.
    """
    document, stranger, page = live(), Stranger(data), Page()
    seen, log = list[bytes](), list[bytes]()
    for number in range(data.draw(st.integers(2, 8))):
        batch = []
        for turn in range(data.draw(st.integers(1, 3))):
            name = f"{number}.{turn}"
            if data.draw(st.booleans()):
                batch.append(page.write(name))
                seen.append(batch[-1].update)
            else:
                named = data.draw(st.sampled_from([None, name]))
                # Each on a connection of its own, because a refusal ends the edits of one.
                batch.append(submission(stranger.update(seen), Author(user_id="2"), named))
    log += [one.update for one in settle(document, document.prepare(batch, at=number))]
    reader: pycrdt.Doc[Any] = pycrdt.Doc()
    content = reader.get("content", type=pycrdt.Text)
    for update in log:
        reader.apply_update(update)
    for text in (text_of(document.document), str(content), _merged(log)):
        for unique_id in page.acknowledged():
            assert f"a{unique_id};" in text


def _merged(updates: list[bytes]) -> str:
    """Return the text of updates that are merged first, as stock clients get those of a batch."""
    document = ENGINE.new_document()
    document.apply(ENGINE.merge(updates))
    return text_of(document)
