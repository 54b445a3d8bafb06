"""Chains of edits that two people make to one paragraph at one time, and what the log tells."""

import base64
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pycrdt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core import clock
from apps.crdt.analysis.attribution import attributed_texts
from apps.crdt.codec.structs import structs_by_client
from apps.crdt.codec.vectors import EMPTY_VECTOR
from apps.history.api.conflict_rows import conflict_parts
from apps.history.attribution import AttributionIndex
from apps.history.copies import Structs
from apps.history.lost_text import lost_spans
from apps.history.move_conflicts import MoveConflict, conflicts_find
from apps.oplog.operation import Operation

PAGES = Path(__file__).parents[1] / "editor" / "conflict_pages.mjs"
#: The text before the edits: two paragraphs.
LETTERS = "abcdefghijklmnop"
#: Ends of conflicts until nothing is found: two of three copies may go in one.
MAX_ROUNDS = 4

Step = tuple[str, int, int | str]
#: Sends a message to the pages, and returns their answer.
Ask = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Start the pages."""
    process = subprocess.Popen(
        ["node", str(PAGES)],  # noqa: S607
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def send(message: dict[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        return answer

    yield send
    process.communicate()


class Found(NamedTuple):
    """What the server finds in a log: conflicts, letters that nobody saw, and each author's."""

    conflicts: list[MoveConflict]
    lost: str
    written: dict[str, str]


def found(rows: Sequence[dict[str, str]]) -> Found:
    """Read a log as the server does, without what any page knows."""
    operations = []
    for seq, row in enumerate(rows, 1):
        update, copies = (base64.b64decode(row[name]) for name in ("update", "copies"))
        author = row["author"]
        operations.append(
            Operation("d", seq, str(seq), author, clock.now(), EMPTY_VECTOR, update, copies)
        )
    index = AttributionIndex()
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for operation in operations:
        index.add(operation, is_quarantined=False)
        doc.apply_update(operation.update)

    def read(op_indexes: Sequence[int]) -> Iterator[tuple[Iterable[int], Structs]]:
        for op_index in op_indexes:
            seq = index.seqs[op_index]
            yield [op_index], structs_by_client(operations[seq - 1].update)

    index.copies.check_claims(read)
    index = AttributionIndex.decode(index.encode())
    state = doc.get_update()
    lost = ""
    for op_index, spans in lost_spans(index, state).items():
        structs = structs_by_client(operations[index.seqs[op_index] - 1].update)
        for (client, first), length in spans:
            for struct in structs[client]:
                begin, end = (
                    max(first, struct.clock),
                    min(first + length, struct.clock + struct.length),
                )
                lost += struct.text[begin - struct.clock : max(end, begin) - struct.clock]
    texts, op_indexes = attributed_texts(state, index.writers_by_client().__getitem__)
    written: dict[str, str] = {}
    for text, op_index in zip(texts, op_indexes, strict=True):
        author = index.author_ids[op_index]
        written[author] = written.get(author, "") + text
    return Found(conflicts_find(index, state), lost, written)


def ended(ask: Ask, answer: dict[str, Any]) -> dict[str, Any]:
    """Return what is in the log after a third person ended all that the server finds."""
    for _ in range(MAX_ROUNDS):
        conflicts = found(answer["operations"]).conflicts
        if not conflicts:
            return answer
        answer = ask({"rows": [conflict_parts(conflict) for conflict in conflicts]})
    raise AssertionError("There is always another conflict.")


def assert_clean(ask: Ask, chains: Sequence[Sequence[Step]]) -> dict[str, Any]:
    """Check that no letter stands twice, and none is gone that nobody erased."""
    edited = ask({"chains": chains})
    clean = ended(ask, edited)
    counts = Counter("".join(clean["blocks"]))
    twice = {letter for letter, count in counts.items() if count > 1}
    ada, grace = ("".join(blocks) for blocks in edited["texts"])
    erased = {letter for letter in LETTERS if letter not in ada or letter not in grace}
    kept = (set(LETTERS) | set(ada) | set(grace)) - erased
    lost = kept - set(counts) - set(found(clean["operations"]).lost)
    assert (twice, lost) == (set(), set()), (edited["blocks"], clean["blocks"])
    return clean


def chain(typed: str) -> st.SearchStrategy[list[Step]]:
    """Return chains of up to three steps; what is typed are letters of their own."""
    carets = st.integers(0, 17)
    structural = st.tuples(
        st.sampled_from(["split"] * 3 + ["join", "join", "heading", "paragraph", "list", "lift"]),
        carets,
        st.just(0),
    )
    typing = st.tuples(st.just("type"), carets, st.just(typed))
    erasing = st.builds(lambda at, count: ("erase", at, at + count), carets, st.integers(1, 4))
    undo = st.just(("undo", 0, 0))
    one = st.one_of(structural, structural, structural, typing, erasing, undo)
    return st.lists(one, min_size=1, max_size=3).filter(
        lambda steps: sum(step[0] == "type" for step in steps) < 2
    )


@given(ada=chain("XYZ"), grace=chain("123"))
@settings(deadline=None, max_examples=300)
def test_no_letter_stands_twice_after_the_clean_form(
    ask: Ask, ada: list[Step], grace: list[Step]
) -> None:
    """And none is lost; the pages of both are closed, a third person's page ends the conflict."""
    assert_clean(ask, [ada, grace])


SPLITS: dict[str, Step] = {
    "split in the middle": ("split", 4, 0),
    "split near the start": ("split", 2, 0),
}
MOVES: dict[str, Step] = {
    **SPLITS,
    "join with the next": ("join", 12, 0),
    "make a heading": ("heading", 3, 0),
    "make a list": ("list", 3, 0),
}
#: What is typed, and the letter that it is typed behind.
TYPED: dict[str, tuple[Step, str]] = {
    "type at the start": (("type", 1, "!"), "a"),
    "type in the middle": (("type", 6, "!"), "f"),
    "type at the end": (("type", 8, "!"), "h"),
}
#: Not found: the log does not tell whether the typist had seen the split. The typist's page does.
NOT_FOUND = {(split, "type at the end") for split in SPLITS}


@pytest.mark.parametrize("is_typed_first", [True, False], ids=["typed first", "moved first"])
@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.parametrize("moved", MOVES)
def test_typed_text_stands_behind_its_letter_after_the_clean_form(
    ask: Ask, moved: str, typed: str, *, is_typed_first: bool
) -> None:
    """Or it went with a deleted paragraph, which the list of lost text has."""
    step, after = TYPED[typed]
    chains = [[step], [MOVES[moved]]] if is_typed_first else [[MOVES[moved]], [step]]
    clean = assert_clean(ask, chains)
    text = "".join(clean["blocks"])
    if "!" not in text:
        assert "!" in found(clean["operations"]).lost
    elif not is_typed_first and (moved, typed) in NOT_FOUND:
        assert text[text.index("!") - 1] != after
    else:
        assert text[text.index("!") - 1] == after


ERASED: dict[str, Step] = {
    "erase some letters": ("erase", 5, 7),
    "erase the paragraph": ("erase", 0, 9),
}


@pytest.mark.parametrize("is_erased_first", [True, False], ids=["erased first", "moved first"])
@pytest.mark.parametrize("erased", ERASED)
@pytest.mark.parametrize("moved", MOVES)
def test_erased_text_is_gone_after_the_clean_form(
    ask: Ask, moved: str, erased: str, *, is_erased_first: bool
) -> None:
    """Whatever the other one made of its paragraph."""
    chains = [[ERASED[erased]], [MOVES[moved]]]
    clean = assert_clean(ask, chains if is_erased_first else chains[::-1])
    gone = "fg" if erased == "erase some letters" else "abcdefgh"
    assert not set("".join(clean["blocks"])) & set(gone)


def test_text_that_is_kept_belongs_to_who_wrote_it_first(ask: Ask) -> None:
    """Grace joins Ada's paragraphs and types, while Ada makes the first one a heading.

    What Grace moved and typed goes with the paragraph; she keeps it, and it is no longer lost.
    """
    join: list[Step] = [("join", 12, 0), ("type", 16, "XYZ")]
    heading: list[Step] = [("heading", 3, 0)]
    edited = ask({"chains": [heading, join], "keepsLost": False})
    assert set(LETTERS[8:]) <= set(found(edited["operations"]).lost)
    kept = ask({"chains": [heading, join], "keepsLost": True})
    log = found(kept["operations"])
    assert log.lost == ""
    assert {author: set(text) for author, text in log.written.items()} == {
        "ada": set(LETTERS),
        "grace": set("XYZ"),
    }
    assert log.conflicts == []
