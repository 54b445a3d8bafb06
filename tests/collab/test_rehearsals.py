"""Edits that make the engine slow, or may break it: tried in a child process, and refused."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pycrdt
import pytest

from apps.collab.edit_checks import MAX_ORDERED_BYTES
from apps.collab.room import Room
from apps.core import metrics
from apps.core.errors import TransientError
from apps.crdt.analysis.known_content import MAX_READ_STRUCTS
from apps.crdt.codec.contents import TYPE
from apps.crdt.codec.lib0 import write_var_uint
from apps.crdt.engine.merge_cost import STEPS_AT_ONCE
from apps.history.recovery import document_load
from tests.collab.authors import Author, Writer, submission
from tests.collab.conftest import MakeHouse
from tests.collab.rooms import log_of, until_quiet
from tests.crdt.engine.placing import encoded
from tests.crdt.engine.test_merge_cost import claims_by_one, text
from tests.crdt.samples import item, letters, uints, written

#: How long the event loop may be held, in seconds: 0.25 s on a quick machine.
HELD_MAX_S = 1.0
#: Without the answer this many items take the engine 10 s.
MANY = 12_000


def encoded_elements(count: int) -> bytes:
    """Return shared texts beside each other, in a root of theirs."""
    first = item(TYPE, uints(2), parent="list")
    rest = [item(TYPE, uints(2), left=(1, clock)) for clock in range(count - 1)]
    return written([(1, 0, [first, *rest])])


@pytest.fixture
async def spacious(make_house: MakeHouse) -> Room:
    """Return the room of a new document, with the limits of the product."""
    return await make_house().open()


@asynccontextmanager
async def watched_loop() -> AsyncIterator[list[float]]:
    """Collect how long the event loop is held, in seconds of its thread's processor time."""
    held = [0.0]

    async def watch() -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            held.append(now - before)
            before = now

    task = asyncio.create_task(watch())
    try:
        yield held
    finally:
        task.cancel()


def rehearsals(result: str) -> float:
    """Return how many rehearsals had a result."""
    return float(metrics.REHEARSALS.labels(result=result)._value.get())


async def submit_and_wait(room: Room, update: bytes, author: Author, unique_id: str) -> None:
    """Submit an edit and wait for its answer."""
    room.submit(submission(update, author, unique_id))
    await until_quiet(room)


async def test_update_that_takes_the_engine_seconds_is_refused(spacious: Room) -> None:
    """The loop goes on, and so do the others in the document (finding C2)."""
    attacker, honest, writer = Author("2"), Author("1"), Writer()
    attack = encoded(text(MANY) + claims_by_one(MANY))
    async with watched_loop() as held:
        spacious.submit(submission(writer.write("before "), honest, "before"))
        spacious.submit(submission(attack, attacker, "attack"))
        spacious.submit(submission(writer.write("after"), honest, "after"))
        await until_quiet(spacious)
    [(unique_id, error)] = attacker.rejected
    assert (unique_id, error.code) == ("attack", "rejected")
    assert honest.persisted == [("before", 1), ("after", 2)]
    assert not spacious.gone
    assert max(held) < HELD_MAX_S


async def test_document_never_grows_slow_by_small_updates(make_house: MakeHouse) -> None:
    """Each takes the engine little, and the load of all of them would take seconds."""
    room = await make_house(rehearsal_s=1_000.0).open()
    attacker = Author("2")
    await submit_and_wait(room, encoded(text(MANY)), attacker, "text")
    claims = claims_by_one(MANY)
    async with watched_loop() as held:
        for first in range(0, MANY, 400):
            if attacker.rejected:
                break
            together = claims[first : first + 400]
            await submit_and_wait(room, encoded(together), attacker, f"{first}")
    assert {error.code for _, error in attacker.rejected} == {"rejected"}
    assert max(held) < HELD_MAX_S
    began = time.process_time()
    document_load(document_id=room.document_id)
    assert time.process_time() - began < HELD_MAX_S


async def test_costly_update_that_was_pending_is_tried_too(spacious: Room) -> None:
    """It arrives before the text that it needs."""
    attacker = Author("2")
    await submit_and_wait(spacious, encoded(claims_by_one(MANY)), attacker, "attack")
    assert attacker.missing
    await submit_and_wait(spacious, encoded(text(MANY)), attacker, "text")
    assert attacker.persisted == [("text", 1)]
    [(unique_id, error)] = attacker.rejected
    assert (unique_id, error.code) == ("attack", "rejected")


async def test_unusual_edits_that_the_engine_stands_are_stored(spacious: Room) -> None:
    """An embed, a map, and a key of a root."""
    passed = rehearsals("passed")
    author = Author()
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    content = doc.get("content", type=pycrdt.Text)
    meta = doc.get("meta", type=pycrdt.Map)

    content.insert_embed(0, {"image": "x"})
    await submit_and_wait(spacious, doc.get_update(), author, "embed")
    vector = doc.get_state()
    meta["title"] = "a"
    await submit_and_wait(spacious, doc.get_update(vector), author, "key")
    vector = doc.get_state()
    meta["more"] = pycrdt.Map({"a": 1, "b": [1, 2]})
    await submit_and_wait(spacious, doc.get_update(vector), author, "map")
    assert author.persisted == [("embed", 1), ("key", 2), ("map", 3)]
    assert rehearsals("passed") == passed + 3
    loaded: pycrdt.Doc[Any] = pycrdt.Doc()
    loaded.get("meta", type=pycrdt.Map)
    loaded.apply_update(document_load(document_id=spacious.document_id).engine.encode())
    assert loaded["meta"].to_py() == {"title": "a", "more": {"a": 1.0, "b": [1.0, 2.0]}}


async def test_edits_of_the_page_are_not_tried(spacious: Room) -> None:
    """Typing, paragraphs, an image with attributes, marks."""
    before = [rehearsals(result) for result in ("passed", "failed", "waits")]
    author = Author()
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    root = doc.get("default", type=pycrdt.XmlFragment)
    for number in range(50):
        vector = doc.get_state()
        paragraph = pycrdt.XmlElement("paragraph")
        root.children.append(paragraph)
        line = pycrdt.XmlText("some words ")
        paragraph.children.append(line)
        line.format(0, 4, {"bold": True})
        image = pycrdt.XmlElement("image", {"src": f"/{number}.png", "alt": "an image"})
        paragraph.children.append(image)
        image.attributes["width"] = "100"
        update = doc.get_update(vector)
        await submit_and_wait(spacious, update, author, f"op-{number}")
    assert len(author.persisted) == 50
    assert [rehearsals(result) for result in ("passed", "failed", "waits")] == before


async def test_person_whose_edits_fail_waits_and_nobody_else(make_house: MakeHouse) -> None:
    """A rehearsal that fails costs seconds of the budget."""
    budget = {"rehearsal_s": 100.0, "rehearsal_s_per_s": 0.0, "rehearsal_failed_s": 60.0}
    room = await make_house(**budget).open()
    attacker, other = Author("2"), Author("1")
    attack = encoded(text(MANY) + claims_by_one(MANY))
    for number in range(3):
        await submit_and_wait(room, attack, attacker, f"{number}")
    codes = [error.code for _, error in attacker.rejected]
    assert codes == ["rejected", "rejected", "rehearsals_busy"]
    assert isinstance(attacker.rejected[-1][1], TransientError)
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get("content", type=pycrdt.Text).insert_embed(0, {"image": "x"})
    await submit_and_wait(room, doc.get_update(), other, "embed")
    assert other.persisted == [("embed", 1)]
    assert [operation.unique_id for operation in log_of(room)] == ["embed"]


def test_attack_is_over_the_bound() -> None:
    """Otherwise the tests of this module would show nothing."""
    assert MANY * MANY > STEPS_AT_ONCE


# --- what the engine copies -----------------------------------------------------------------------


def values(count: int, *, deleted: bool) -> bytes:
    """Return one list of values, each second one of them deleted."""
    out = bytearray(b"\x01\x01\x01\x00\x08\x01\x04list")
    write_var_uint(out, count)
    out += b"\x7e" * count
    if not deleted:
        return bytes(out + b"\x00")
    out += b"\x01\x01"
    write_var_uint(out, count // 2)
    for clock in range(0, count - 1, 2):
        write_var_uint(out, clock)
        out.append(1)
    return bytes(out)


def single_values(count: int) -> bytes:
    """Return values that continue each other, each in a struct of its own."""
    out = bytearray(b"\x01")
    write_var_uint(out, count)
    out += b"\x01\x00\x08\x01\x04list\x01\x7e"
    for clock in range(count - 1):
        out += b"\x88\x01"
        write_var_uint(out, clock)
        out += b"\x01\x7e"
    return bytes(out + b"\x00")


def memory_bytes() -> int:
    """Return the address space of this process at its largest, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def test_letters_of_one_text_take_no_more_memory_than_a_text(spacious: Room) -> None:
    """80,000 letters in structs of their own: the engine alone would take 4 GB."""
    author, before = Author(), memory_bytes()
    async with watched_loop() as held:
        await submit_and_wait(spacious, encoded(text(80_000)), author, "letters")
    assert author.persisted == [("letters", 1)]
    assert memory_bytes() - before < 200 * 2**20
    assert max(held) < HELD_MAX_S
    [logged] = log_of(spacious)
    assert len(logged.update) < 80_100
    assert document_load(document_id=spacious.document_id).size_bytes < 80_100


@pytest.mark.parametrize(
    "attack", [values(60_000, deleted=True), single_values(8_000)], ids=["deletes", "values"]
)
async def test_values_that_the_engine_copies_again_and_again_are_refused(
    attack: bytes, spacious: Room
) -> None:
    """170 kB take 8 s of the loop, and 48 kB 1.5 GB."""
    author, before = Author("2"), memory_bytes()
    async with watched_loop() as held:
        await submit_and_wait(spacious, attack, author, "attack")
    assert [error.code for _, error in author.rejected] == ["rejected"]
    assert memory_bytes() - before < 200 * 2**20
    assert max(held) < HELD_MAX_S


async def test_deletes_of_each_second_letter_are_refused(spacious: Room) -> None:
    """3 MB take the engine ten seconds: it copies the rest of the text at each cut."""
    author, count = Author("2"), 800_000
    text = bytearray(values(count, deleted=True))
    text[4] = 4  # a string in place of values
    start = text.index(b"\x7e")
    text[start : start + count] = b"x" * count
    async with watched_loop() as held:
        await submit_and_wait(spacious, bytes(text), author, "attack")
    assert [error.code for _, error in author.rejected] == ["rejected"]
    assert max(held) < HELD_MAX_S


async def test_deletes_in_a_stored_list_are_refused(spacious: Room) -> None:
    """The list is in the document, and the update has deletes alone."""
    author = Author("2")
    await submit_and_wait(spacious, values(60_000, deleted=False), author, "list")
    assert author.persisted == [("list", 1)]
    deletes = values(60_000, deleted=True)
    deletes = b"\x00" + deletes[deletes.index(b"\x01\x01", 60_000) :]
    async with watched_loop() as held:
        await submit_and_wait(spacious, deletes, author, "deletes")
    assert [error.code for _, error in author.rejected] == ["rejected"]
    assert max(held) < HELD_MAX_S


async def test_item_whose_right_origin_stands_before_its_left_one_is_refused(
    spacious: Room,
) -> None:
    """Its text would stand elsewhere after a reload (ADR 0017); the others go on."""
    attacker, honest = Author("2"), Author("1")
    for clock, letter in enumerate("abcd"):
        place = {"left": (1, clock - 1)} if clock else {"parent": "content"}
        typed = written([(1, clock, [letters(letter, **place)])])
        await submit_and_wait(spacious, typed, honest, f"typed {letter}")
    attack = written([(2, 0, [letters("x", left=(1, 3), right=(1, 2))])])
    await submit_and_wait(spacious, attack, attacker, "attack")
    after = written([(1, 4, [letters("e", left=(1, 3))])])
    await submit_and_wait(spacious, after, honest, "after")
    assert not attacker.persisted
    assert [(unique_id, error.code) for unique_id, error in attacker.rejected] == [
        ("attack", "rejected")
    ]
    assert honest.persisted[-1] == ("after", 5)
    live = spacious.live.document.reading()
    assert live == document_load(document_id=spacious.document_id).engine.reading()
    assert live == [("content",), ("abcde", "{}")]


async def test_letters_between_non_neighbours_of_a_large_document_are_not_tried(
    spacious: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Honest people who type at one place write such items, and each rehearsal would take long."""
    monkeypatch.setattr(spacious._context.rehearsals, "run", _never)
    author, other = Author("1"), Author("2")
    pasted = written([(3, 0, [letters("y" * MAX_ORDERED_BYTES, parent="content")])])
    await submit_and_wait(spacious, pasted, Author("3"), "pasted")
    typed = written([(1, 0, [letters("abcd", parent="content")])])
    await submit_and_wait(spacious, typed, author, "typed")
    between = written([(2, 0, [letters("x", left=(1, 3), right=(1, 2))])])
    await submit_and_wait(spacious, between, other, "between")
    assert [unique_id for unique_id, _ in other.persisted] == ["between"]


def _never(**_options: object) -> None:
    raise AssertionError("tried in a child process")


async def test_letters_between_what_two_people_wrote_at_one_time_are_not_tried(
    spacious: Room,
) -> None:
    """Neither of the two names the other one; the lower client id stands first."""
    before = [rehearsals(result) for result in ("passed", "failed", "waits")]
    author = Author()
    for number, update in enumerate(
        (
            written([(1, 0, [letters("ab", parent="content")])]),
            written([(2, 0, [letters("xx", left=(1, 0), right=(1, 1))])]),
            written([(3, 0, [letters("y", left=(1, 0), right=(1, 1))])]),
            written([(4, 0, [letters("m", left=(2, 1), right=(3, 0))])]),
        )
    ):
        await submit_and_wait(spacious, update, author, f"{number}")
    assert spacious.live.document.reading() == [("content",), ("axxmyb", "{}")]
    assert before == [rehearsals(result) for result in ("passed", "failed", "waits")]


@pytest.mark.parametrize("count", [40_000, 300_000])
async def test_repetitions_of_a_large_document_are_compared_beside_the_loop(
    spacious: Room, count: int
) -> None:
    """As many structs as an update may have, all known; 300,000 took 0.8 s."""
    attacker, author = Author("2"), Author("1")
    typed = Writer()
    await submit_and_wait(spacious, encoded_elements(count), author, "elements")
    async with watched_loop() as held:
        spacious.submit(submission(encoded_elements(count), author, "again"))
        spacious.submit(submission(typed.write("x"), attacker, "other"))
        await until_quiet(spacious)
    assert attacker.persisted[0][0] == "other"
    if count > MAX_READ_STRUCTS:
        assert [error.code for _, error in author.rejected] == ["limit_exceeded"]
    else:
        assert [unique_id for unique_id, _ in author.persisted] == ["elements", "again"]
    assert max(held) < HELD_MAX_S


async def test_other_content_for_known_ids_of_a_large_document_is_found(spacious: Room) -> None:
    """The comparison in a thread refuses what the one in the loop does."""
    author = Author("1")
    await submit_and_wait(spacious, encoded_elements(40_000), author, "elements")
    other = written([(1, 39_999, [letters("x", left=(1, 39_998))])])
    async with watched_loop() as held:
        await submit_and_wait(spacious, other, author, "other")
    assert [error.code for _, error in author.rejected] == ["content_conflict"]
    assert author.refusal is not None
    assert max(held) < HELD_MAX_S
