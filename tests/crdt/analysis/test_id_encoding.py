"""A state with other words: places, kinds, clocks and deletes are as they were."""

import random
from typing import Any

import pycrdt
import pytest

from apps.crdt.analysis.id_encoding import BASE, ZERO, IdEncodedState
from apps.crdt.codec.contents import STRING
from apps.crdt.codec.structs import RawStruct, read_pieces, text_of
from apps.crdt.codec.update_reader import read_update
from tests.crdt.scribbling import Scribbler


def texts(state: bytes) -> list[RawStruct]:
    """Return the runs of text of a state."""
    return [piece for piece in read_pieces(state) if piece.kind == STRING]


@pytest.mark.parametrize("seed", range(10))
def test_other_words_leave_all_else_as_it_was(seed: int) -> None:
    """Of texts with marks and surrogates, elements, attributes and what was deleted."""
    for state in Scribbler(random.Random(seed)).write(40)[::8]:
        numbered = IdEncodedState.read(state)
        [other] = numbered.states()
        assert [piece[:4] for piece in read_pieces(other)] == [
            piece[:4] for piece in read_pieces(state)
        ]
        assert read_update(other)[:3] == read_update(state)[:3]
        runs = texts(state)
        assert numbered.texts == [text_of(piece) for piece in runs]
        assert numbered.ids == [(piece.client, piece.clock) for piece in runs]
        for number, piece in enumerate(texts(other)):
            letters = text_of(piece)
            assert {numbered.number(letter, ZERO) for letter in letters} == {number}
            assert len(letters) == numbered.lengths[number]


def test_all_kinds_of_content_are_passed() -> None:
    """Maps, lists, binaries, formats and embedded things; the names of the roots are told."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get("meta", type=pycrdt.Map)["key"] = {"a": [1, None, "b", b"c"]}
    doc.get("list", type=pycrdt.Array).extend([1, pycrdt.Map({"x": pycrdt.Text("inside")})])
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    text.insert(0, "one 😀", attrs={"bold": True})
    text.insert_embed(3, {"image": "x"})
    state = doc.get_update()
    numbered = IdEncodedState.read(state)
    assert numbered.roots == {"meta", "list", "content"}
    assert [piece[:4] for piece in read_pieces(numbered.states()[0])] == [
        piece[:4] for piece in read_pieces(state)
    ]
    assert sorted(numbered.texts) == [" 😀", "inside", "one"]
    assert sorted(numbered.lengths) == [3, 3, 6]


def test_numbers_of_two_digits_have_two_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """One letter of each makes the number."""
    assert BASE > 9
    monkeypatch.setattr("apps.crdt.analysis.id_encoding.BASE", 9)
    numbered = IdEncodedState.read(Scribbler(random.Random(7)).write(60)[-1])
    lower, upper = (texts(state) for state in numbered.states())
    assert len(lower) > 9
    found = [
        numbered.number(text_of(low)[0], text_of(high)[0])
        for low, high in zip(lower, upper, strict=True)
    ]
    assert found == list(range(len(lower)))
