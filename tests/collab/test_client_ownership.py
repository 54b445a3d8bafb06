"""Client ids belong to people on the real log: several servers, restarts, whatever others send."""

from typing import Any

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.collab.limits import Limits
from apps.collab.live_document import LiveDocument
from apps.collab.submission import Submission
from apps.core import clock
from apps.history.loaded_document import LoadedDocument
from apps.history.recovery import document_load, snapshot_of
from apps.history.services import version_create
from apps.history.snapshot_cache import snapshot_forget
from apps.oplog.publisher import Publisher
from tests.collab.authors import Author, Writer, submission, text_of
from tests.collab.client_guarding import (
    ENGINE,
    PAGE,
    codes,
    collected,
    live,
    people,
    settle,
)
from tests.collab.conftest import MakeHouse
from tests.collab.rooms import until_quiet, write_elsewhere
from tests.crdt.samples import letters, uints, written


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
