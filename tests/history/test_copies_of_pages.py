"""What pages send: no letter is another person's than the one who typed it first (ADR 0016)."""

import base64
import json
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pycrdt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core import clock
from apps.crdt.analysis.attribution import attributed_texts
from apps.crdt.codec.structs import structs_by_client
from apps.crdt.codec.vectors import EMPTY_VECTOR
from apps.history.attribution import AttributionIndex
from apps.history.copies import Structs
from apps.oplog.operation import Operation

WRITERS = Path(__file__).parents[1] / "editor" / "writers.mjs"

#: Who, what, and where: two carets, counted round and round.
STEPS = st.tuples(
    st.integers(0, 1),
    st.sampled_from(
        ["type"] * 5
        + ["erase"] * 3
        + ["undo"] * 4
        + ["redo"] * 2
        + ["sync"] * 3
        + ["drag"] * 3
        + ["cut", "cut", "paste", "paste"]
        + ["split", "split", "join", "heading", "paragraph", "list", "lift"]
    ),
    st.integers(0, 40),
    st.integers(0, 40),
)
Step = tuple[int, str, int, int]
#: Returns the operations that pages make of steps.
Write = Callable[[Sequence[Step]], list[Operation]]


@pytest.fixture(scope="module")
def write() -> Iterator[Write]:
    """Start the pages."""
    process = subprocess.Popen(
        ["node", str(WRITERS)],  # noqa: S607
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def ask(steps: Sequence[Step]) -> list[Operation]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(steps) + "\n")
        process.stdin.flush()
        rows = json.loads(process.stdout.readline())
        return [_operation(seq, row) for seq, row in enumerate(rows, 1)]

    yield ask
    process.communicate()


def _operation(seq: int, row: dict[str, Any]) -> Operation:
    update, copies = (base64.b64decode(row[name]) for name in ("update", "copies"))
    author = row["author"]
    return Operation("d", seq, str(seq), author, clock.now(), EMPTY_VECTOR, update, copies)


def pieces(operations: Sequence[Operation]) -> list[tuple[str, str]]:
    """Return the text of a log with its authors, as the server derives them."""
    index = AttributionIndex()
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for operation in operations:
        index.add(operation, is_quarantined=False)
        doc.apply_update(operation.update)

    def read(op_indexes: Sequence[int]) -> Iterator[tuple[Iterable[int], Structs]]:
        for op_index in op_indexes:
            [operation] = [one for one in operations if one.seq == index.seqs[op_index]]
            yield [op_index], structs_by_client(operation.update)

    index.copies.check_claims(read)
    texts, op_indexes = attributed_texts(doc.get_update(), index.writers_by_client().__getitem__)
    authors = [index.author_ids[op_index] for op_index in op_indexes]
    return list(zip(texts, authors, strict=True))


def assert_true(operations: Sequence[Operation]) -> None:
    """Check that capitals are Ada's and small letters are Grace's."""
    wrong = [
        (text, author)
        for text, author in pieces(operations)
        if text != (text.upper() if author == "ada" else text.lower())
    ]
    assert not wrong


@given(steps=st.lists(STEPS, min_size=4, max_size=40))
@settings(deadline=None, max_examples=300)
def test_no_letter_is_given_to_another_person(write: Write, steps: list[Step]) -> None:
    """After any edits, moves, undo and redo of two people, in turns and at one time."""
    assert_true(write(steps))


GRACE_WRITES: list[Step] = [(1, "type", 0, 4), (1, "sync", 0, 0), (0, "sync", 0, 0)]
CASES: dict[str, list[Step]] = {
    "deleted and undone": [(0, "erase", 0, 5), (0, "undo", 0, 0)],
    "undone, redone and undone": [
        (0, "erase", 1, 4),
        (0, "undo", 0, 0),
        (0, "redo", 0, 0),
        (0, "undo", 0, 0),
    ],
    "split": [(0, "split", 2, 0)],
    "split and undone": [(0, "split", 2, 0), (0, "undo", 0, 0)],
    "split and joined": [(0, "split", 2, 0), (0, "join", 3, 0)],
    # From one caret to another: "bc" behind "d".
    "dragged to the right": [(0, "drag", 1, 3)],
    "cut and pasted": [(0, "cut", 1, 3), (0, "paste", 2, 0)],
    "cut and pasted into another block": [
        (0, "type", 5, 0),
        (0, "split", 5, 0),
        (0, "cut", 1, 3),
        (0, "paste", 5, 0),
    ],
    "made a heading": [(0, "heading", 2, 0)],
    "made a list and lifted": [(0, "list", 2, 0), (0, "lift", 2, 0)],
    "split where Ada wrote into it": [(0, "type", 2, 2), (0, "split", 1, 0)],
}


@pytest.mark.parametrize("steps", CASES.values(), ids=CASES)
def test_what_is_brought_back_is_the_first_writers(write: Write, steps: list[Step]) -> None:
    """The word is there, it is hers, and the page has claimed it."""
    operations = write([*GRACE_WRITES, *steps])
    assert_true(operations)
    hers = "".join(text for text, author in pieces(operations) if author == "grace")
    assert "".join(sorted(hers)) == "abcde"
    assert any(operation.copies for operation in operations)
