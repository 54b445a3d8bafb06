"""Move conflicts by REST: what the log tells of edits that met, from any client."""

import time
from typing import Any

import pycrdt
import pytest

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.core import clock, ids
from apps.crdt.codec.copy_map import CopiedRange, copy_map_encode
from apps.crdt.codec.vectors import decode_vector
from apps.history.attribution import attribution_load
from apps.history.move_conflicts import MAX_PARTS, conflicts_find
from apps.history.states import present_state
from apps.oplog.bulk import operations_write
from apps.oplog.operation import Operation
from tests.accounts.clients import bearer
from tests.accounts.factories import grant, make_user
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db

ADA, GRACE = 0, 1
TEXT = "hello world"


class Desk:
    """A document in which people write at one time; an edit reaches the others when it is sent."""

    def __init__(self) -> None:
        self.people: list[User] = [make_user(may_create=True), make_user()]
        self.document = make_document(self.people[ADA])
        grant(self.people[GRACE], Role.EDITOR, self.document.id)
        self.docs = [pycrdt.Doc[Any](client_id=number) for number in (1, 2)]
        self.seq = 0
        self.write(ADA, lambda blocks: add_paragraph(blocks, "-" + TEXT))
        # What a document lost first is what a stock client would repeat.
        self.write(ADA, lambda blocks: erase(blocks, 0, 0, 1))

    def clock(self, who: int) -> int:
        """Return the next clock of a person's client."""
        return decode_vector(self.docs[who].get_state()).get(who + 1, 0)

    def edit(self, who: int, change: Any) -> bytes:
        """Change a person's document; return what the change does, which is not sent."""
        doc = self.docs[who]
        updates: list[bytes] = []
        observed = doc.observe(lambda event: updates.append(event.update))
        with doc.transaction():
            change(doc.get("default", type=pycrdt.XmlFragment).children)
        doc.unobserve(observed)
        [update] = updates
        return update

    def send(self, who: int, update: bytes, *copies: CopiedRange) -> None:
        """Add an update to the log, and give it to all."""
        self.seq += 1
        for doc in self.docs:
            doc.apply_update(update)
        operation = Operation(
            self.document.id,
            self.seq,
            ids.new_id(),
            str(self.people[who].pk),
            clock.now(),
            self.docs[who].get_state(),
            update,
            copy_map_encode(copies),
        )
        list(operations_write([operation]))

    def write(self, who: int, change: Any, *copies: CopiedRange) -> None:
        """Change a person's document, and send it."""
        self.send(who, self.edit(who, change), *copies)

    def split(self, who: int, at: int) -> tuple[bytes, CopiedRange]:
        """Split the paragraph of a person's document; return the update and the copy."""
        new = self.clock(who) + 2  # behind the element and its text
        update = self.edit(who, lambda blocks: split(blocks, at))
        # The ids of the text, behind those of its paragraph, its text and the erased letter.
        return update, CopiedRange(who + 1, new, len(TEXT) - at, 1, 3 + at)

    def rows(self, who: int = ADA) -> list[dict[str, Any]]:
        """Return the conflicts that REST shows."""
        path = f"/api/v1/documents/{self.document.id}/move-conflicts/"
        answer = bearer(self.people[who]).get(path)
        assert answer.status_code == 200, answer.content
        rows: list[dict[str, Any]] = answer.json()["results"]
        return rows


def add_paragraph(blocks: Any, text: str) -> None:
    """Append a paragraph."""
    blocks.append(pycrdt.XmlElement("paragraph")).children.append(pycrdt.XmlText(text))


def erase(blocks: Any, block: int, first: int, end: int) -> None:
    """Delete letters of a paragraph."""
    del blocks[block].children[0][first:end]


def split(blocks: Any, at: int) -> None:
    """Move the end of the first paragraph to a new one, as the binding of the editor does."""
    run = blocks[0].children[0]
    tail = str(run)[at:]
    del run[at : at + len(tail)]
    paragraph = blocks.insert(1, pycrdt.XmlElement("paragraph"))
    paragraph.children.append(pycrdt.XmlText(tail))


def met(desk: Desk, *edits: tuple[int, bytes, CopiedRange | None]) -> None:
    """Send edits that were made at one time."""
    for who, update, copied in edits:
        desk.send(who, update, *([copied] if copied else []))


def test_text_that_two_moved_is_listed_by_its_ids() -> None:
    """With both authors, also for whoever only reads; the ids are those of the letters."""
    desk = Desk()
    ada, grace = desk.split(ADA, 5), desk.split(GRACE, 8)
    met(desk, (ADA, *ada), (GRACE, *grace))
    [row] = desk.rows()
    assert (row["seq"], row["author"]["username"]) == (4, desk.people[GRACE].username)
    assert (row["other"]["seq"], row["other"]["author"]["username"]) == (
        3,
        desk.people[ADA].username,
    )
    [doubled] = row["doubled"]
    assert doubled["text"] == "rld"
    found = {
        (ids["client"], ids["clock"], ids["length"]) for ids in (doubled["one"], doubled["other"])
    }
    assert found == {(1, ada[1].clock + 3, 3), (2, grace[1].clock, 3)}
    assert (row["misplaced"], row["returned"]) == ([], [])
    reader = make_user()
    grant(reader, Role.VIEWER, desk.document.id)
    desk.people.append(reader)
    assert desk.rows(2) == [row]
    assert (
        bearer(make_user()).get(f"/api/v1/documents/{desk.document.id}/move-conflicts/").status_code
        == 404
    )


@pytest.mark.parametrize("is_first", [True, False], ids=["erased first", "moved first"])
def test_text_that_one_erased_and_the_other_moved_is_listed(*, is_first: bool) -> None:
    """Whichever of the two is in the log first."""
    desk = Desk()
    moved = desk.split(ADA, 5)
    erased = desk.edit(GRACE, lambda blocks: erase(blocks, 0, 6, 8))
    edits = [(GRACE, erased, None), (ADA, *moved)]
    met(desk, *(edits if is_first else reversed(edits)))
    [row] = desk.rows()
    assert [part["text"] for part in row["returned"]] == ["wo"]
    assert (row["doubled"], row["misplaced"]) == ([], [])


def test_text_typed_into_what_another_one_moved_is_listed() -> None:
    """With the letter that it belongs behind, where that stands now; in both orders."""
    for is_first in (True, False):
        desk = Desk()
        moved = desk.split(ADA, 5)
        typed = desk.edit(GRACE, lambda blocks: blocks[0].children[0].insert(8, "!"))
        edits = [(GRACE, typed, None), (ADA, *moved)]
        met(desk, *(edits if is_first else reversed(edits)))
        [row] = desk.rows()
        [part] = row["misplaced"]
        assert part["text"] == "!"
        assert part["after"] == {"client": 1, "clock": moved[1].clock + 2}


def test_what_is_done_in_turns_is_no_conflict() -> None:
    """Typing behind a split, at the end of both halves, and splitting again."""
    desk = Desk()
    desk.send(ADA, *desk.split(ADA, 5))
    desk.write(GRACE, lambda blocks: blocks[0].children[0].insert(5, "?"))
    desk.write(GRACE, lambda blocks: blocks[1].children[0].insert(6, "!"))
    desk.write(ADA, lambda blocks: erase(blocks, 1, 0, 3))
    assert desk.rows() == []


def test_conflict_ends_with_one_of_the_copies() -> None:
    """Whoever deletes it; the list of an earlier state is not shown again."""
    desk = Desk()
    ada, grace = desk.split(ADA, 5), desk.split(GRACE, 8)
    met(desk, (ADA, *ada), (GRACE, *grace))
    assert desk.rows()
    for block in (1, 2):
        text = str(desk.docs[ADA].get("default", type=pycrdt.XmlFragment).children[block])
        if "wo" not in text:
            desk.write(GRACE, lambda blocks, block=block: erase(blocks, block, 0, 3))
    assert desk.rows() == []


def test_stock_client_that_connects_again_returns_nothing() -> None:
    """It repeats all deletions that it knows, and has erased none of them."""
    desk = Desk()
    desk.send(ADA, *desk.split(ADA, 5))
    vector = desk.docs[GRACE].get_state()
    typed = desk.edit(GRACE, lambda blocks: blocks[0].children[0].insert(0, "-"))
    whole = desk.docs[GRACE].get_update(vector)
    assert len(whole) > len(typed)
    desk.send(GRACE, whole)
    assert desk.rows() == []


def test_very_large_document_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its structs would take much memory, each time that somebody opens it."""
    desk = Desk()
    ada, grace = desk.split(ADA, 5), desk.split(GRACE, 8)
    met(desk, (ADA, *ada), (GRACE, *grace))
    size = len(present_state(document_id=desk.document.id).state)
    monkeypatch.setattr("apps.history.move_conflicts.MAX_STATE_BYTES", size - 1)
    assert desk.rows() == []
    desk.write(ADA, lambda blocks: erase(blocks, 0, 0, 1))
    monkeypatch.setattr("apps.history.move_conflicts.MAX_STATE_BYTES", 2 * size)
    assert len(desk.rows()) == 1


@pytest.mark.parametrize(
    ("limit", "rows"), [("moved_text.MAX_STEPS", 0), ("move_conflicts.MAX_CHARS", 0)]
)
def test_search_and_answer_are_bounded(
    limit: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of copies, each of which may be one letter; and the text of an answer."""
    desk = Desk()
    met(desk, (ADA, *desk.split(ADA, 5)), (GRACE, *desk.split(GRACE, 8)))
    monkeypatch.setattr(f"apps.history.{limit}", 1)
    assert desk.rows() == []


def test_many_forged_copies_of_one_letter_cost_little() -> None:
    """10,000 copies of a letter that two erased, each with a copy map of its own range."""
    desk = Desk()
    first = desk.edit(ADA, lambda blocks: erase(blocks, 0, 0, 1))
    second = desk.edit(GRACE, lambda blocks: erase(blocks, 0, 0, 1))
    met(
        desk,
        (ADA, first, CopiedRange(1, 10**6, 1, 1, 3)),
        (GRACE, second, CopiedRange(2, 1, 1, 1, 3)),
    )
    for who in (ADA, GRACE):
        new = desk.clock(who)
        copies = [CopiedRange(who + 1, new + at, 1, 1, 3) for at in range(10_000)]
        desk.write(who, lambda blocks: blocks[0].children[0].insert(0, "h" * 10_000), *copies)
    index = attribution_load(
        document_id=desk.document.id, lineage=desk.document.lineage, up_to=desk.seq
    )
    assert len(index.copies.copies) == 20_000
    state = present_state(document_id=desk.document.id).state
    started = time.process_time()
    found = conflicts_find(index, state)
    assert time.process_time() - started < 5
    parts = sum(len(row.doubled) + len(row.misplaced) + len(row.returned) for row in found)
    assert parts == MAX_PARTS
