"""Client ids belong to people: what others send in their names is refused, on every server."""

import pytest

from apps.core import ids
from apps.crdt.analysis import known_content
from apps.history.client_owners import SHARED
from tests.collab.authors import Author, Writer, submission, text_of
from tests.collab.client_guarding import ENGINE, PAGE, codes, collected, live, people, send, settle
from tests.crdt.samples import letters, uints, written


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
