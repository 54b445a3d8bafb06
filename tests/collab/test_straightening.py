"""Edits that cut a character, and items whose right origin is not behind the left one."""

import base64
from typing import Any

import pycrdt
import pytest

from apps.crdt.codec.vectors import decode_vector
from apps.crdt.engine.base import EngineDocument, get_engine
from apps.history.loaded_document import LoadedDocument
from tests.collab.authors import Author, submission
from tests.collab.test_live_document import live, settle
from tests.crdt.samples import letters, written
from tests.fuzz.admission import shown_by

ENGINE = get_engine("pycrdt")
FACE = "\N{GRINNING FACE}"
#: One writer of Yjs 13.6.33: a paragraph with "a"; "ef"; its deletion; undo; "gh" between; the
#: deletion of the paragraph; undo. The author's page shows "aeghf".
REDONE = tuple(
    map(
        base64.b64decode,
        (
            "AQMBAAcBB2RlZmF1bHQDCXBhcmFncmFwaAcAAQAGBAABAQFhAA==",
            "AQEBA4QBAgJlZgA=",
            "AAEBAQMC",
            "AQEBBcQBAgEDAmVmAA==",
            "AQEBB8QBBQEGAmdoAA==",
            "AAEBAgADBQQ=",
            "AQUBCUcBAAMJcGFyYWdyYXBoBwABCQYEAAEKAmFlxAEMAQwBZsQBDAENAmdoAA==",
        ),
    )
)
#: One writer and a second one, with undo, of Yjs 13.6.33: what is redone in the last update has an
#: item between its clock 20 and, right of it, its clock 19.
REDONE_BACKWARD = tuple(
    map(
        base64.b64decode,
        (
            "AQPJmJ++BwAHAQdkZWZhdWx0AwlwYXJhZ3JhcGgHAMmYn74HAAYEAMmYn74HAQFhAA==",
            "AQHJmJ++BwOEyZifvgcCAmJjAA==",
            "AQHJmJ++BwXEyZifvgcDyZifvgcEAmJjAA==",
            "AQG1rOZrAMTJmJ++BwLJmJ++BwMFaGVsbG8A",
            "AQG1rOZrBcTJmJ++BwK1rOZrAAVoZWxsbwA=",
            "AQG1rOZrCsS1rOZrB7Ws5msIAWEA",
            "AQHJmJ++BweEyZifvgcEAmJjAA==",
            "AQG1rOZrC8S1rOZrBrWs5msHBWhlbGxvAA==",
            "AQPJmJ++BwlHyZifvgcAAwlwYXJhZ3JhcGgHAMmYn74HCQYEAMmYn74HCgVoZWxsbwA=",
            (
                "AQe1rOZrEMfJmJ++BwnJmJ++BwADCXBhcmFncmFwaAcAtazmaxAGBAC1rOZrEQNhaGXEtazmaxS1rOZrEwFs"
                "xLWs5msVtazmaxMCbG/EtazmaxW1rOZrFgFhxLWs5msUtazmaxUFaGVsbG8A"
            ),
        ),
    )
)
_TEXT = written([(1, 0, [letters(f"a{FACE}b", parent="content")])])
#: Half of the character deleted; a letter in it, and one behind that; both, and a text after them.
CUT = (
    _TEXT,
    written([(2, 0, [letters("x", left=(1, 1), right=(1, 2))])]),
    written([(2, 1, [letters("y", left=(2, 0), right=(1, 2))])]),
    written(deletes=[(1, [(2, 1)])]),
    written([(2, 2, [letters("z", left=(1, 3))])]),
    written([(3, 0, [letters("w", left=(1, 0), right=(1, 1))])]),
)


def loaded(*updates: bytes) -> EngineDocument:
    """Return a document of the updates."""
    document = ENGINE.new_document()
    for update in updates:
        document.apply(update)
    return document


@pytest.mark.parametrize("updates", [REDONE, REDONE_BACKWARD, CUT])
def test_document_reads_the_same_live_loaded_replayed_and_encoded_again(
    updates: tuple[bytes, ...],
) -> None:
    """After each edit, and with the clocks of the log."""
    document, author = live(), Author()
    log: list[bytes] = []
    for number, update in enumerate(updates):
        drafts = document.prepare([submission(update, author, f"{number}")], at=0)
        log += [operation.update for operation in settle(document, drafts)]
        state = document.document.encode()
        assert decode_vector(ENGINE.vector_of(state)) == document.vector
        again = loaded(state).encode()
        shown = shown_by(document.document)
        assert shown == shown_by(loaded(state)) == shown_by(loaded(again)) == shown_by(loaded(*log))
    assert not author.rejected
    assert len(author.persisted) == len(updates)


def test_character_stays_whole_and_nothing_behind_it_is_lost() -> None:
    """What was written inside it stands before it."""
    document, author = live(), Author()
    for number, update in enumerate(CUT[:3]):
        settle(document, document.prepare([submission(update, author, f"{number}")], at=0))
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    content = doc.get("content", type=pycrdt.Text)
    doc.apply_update(document.document.encode())
    assert str(content) == f"axy{FACE}b"


def test_author_who_repeats_an_edit_that_was_straightened_is_answered() -> None:
    """The structs are the same once the repetition is straightened too."""
    document, author = live(), Author()
    for number, update in enumerate([*CUT[:2], CUT[1]]):
        settle(document, document.prepare([submission(update, author, f"{number}")], at=0))
    assert not author.rejected
    assert [unique_id for unique_id, _ in author.persisted] == ["0", "1", "2"]


def test_structure_of_a_document_with_a_cut_character_is_checked() -> None:
    """Its ids are known, so that content at which the editor throws is refused there too."""
    document, author = live(), Author()
    text_in_root = written([(9, 0, [letters("x", parent="default")])])
    for number, update in enumerate([*CUT, text_in_root]):
        settle(document, document.prepare([submission(update, author, f"{number}")], at=0))
    [(unique_id, error)] = author.rejected
    assert (unique_id, error.code) == ("6", "malformed")


def test_characters_of_a_loaded_document_are_not_cut() -> None:
    """They are read from its state."""
    start = LoadedDocument(loaded(_TEXT), vector={1: 4}, seq=1, size_bytes=len(_TEXT))
    document, author = live(start), Author()
    settle(document, document.prepare([submission(CUT[1], author, "a")], at=0))
    assert decode_vector(ENGINE.vector_of(document.document.encode())) == {1: 4, 2: 1}


def test_characters_of_a_refused_edit_are_not_those_of_the_document() -> None:
    """The same client id writes other text at its clocks (seed 1511, odd document 15116723)."""
    document, author = live(), Author()
    long = letters(f"{10 * 'a'}{FACE}", parent="content")
    refused = written([(1, 0, [long, letters("b", parent="default")])])
    assert document.prepare([submission(refused, author, "refused")], at=0) == []
    assert [unique_id for unique_id, _ in author.rejected] == ["refused"]
    text = letters(f"a{FACE}b", parent="content")
    inside = letters(f"x{FACE}y", left=(1, 1), right=(1, 2))
    log = []
    for number, update in enumerate(
        (
            written([(1, 0, [text, inside])], deletes=[(1, [(6, 2)])]),
            written([(2, 0, [letters("z", left=(1, 6), right=(1, 7))])]),
        )
    ):
        drafts = document.prepare([submission(update, Author(), f"{number}")], at=0)
        log += [operation.update for operation in settle(document, drafts)]
    shown = shown_by(document.document)
    assert shown == shown_by(loaded(document.document.encode())) == shown_by(loaded(*log))
    assert shown.count(FACE) == 1
