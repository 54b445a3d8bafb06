"""Re-encoded states: positions, kinds, clocks and deletes are unchanged."""

import random
from typing import Any

import pycrdt
import pytest

from apps.crdt.analysis.id_encoding import DIGIT_BASE, ZERO_DIGIT, IdEncodedState
from apps.crdt.codec.contents import STRING
from apps.crdt.codec.structs import RawStruct, iter_structs
from apps.crdt.codec.update_reader import read_update
from tests.crdt.scribbling import Scribbler


def texts(state: bytes) -> list[RawStruct]:
    """Return the text structs of a state."""
    return [struct for struct in iter_structs(state) if struct.kind == STRING]


def without_content(state: bytes) -> list[tuple[int, int, int, bytes]]:
    """Return client, clock, kind, and origins or parent of each struct of a state."""
    return [
        (struct.client, struct.clock, struct.kind, struct.prefix) for struct in iter_structs(state)
    ]


@pytest.mark.parametrize("seed", range(10))
def test_re_encoding_changes_only_texts_and_names(seed: int) -> None:
    """With texts, marks, surrogates, elements, attributes and deletes."""
    for state in Scribbler(random.Random(seed)).write(40)[::8]:
        encoded = IdEncodedState.read(state)
        [other] = encoded.states()
        assert without_content(other) == without_content(state)
        assert read_update(other)[:3] == read_update(state)[:3]
        runs = texts(state)
        assert encoded.texts == [struct.text for struct in runs]
        assert encoded.ids == [struct.id for struct in runs]
        for number, struct in enumerate(texts(other)):
            letters = struct.text
            assert {encoded.struct_index(letter, ZERO_DIGIT) for letter in letters} == {number}
            assert len(letters) == encoded.lengths[number]


def test_all_kinds_of_content_are_skipped() -> None:
    """Maps, lists, binaries, formats and embeds; the names of the roots are collected."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get("meta", type=pycrdt.Map)["key"] = {"a": [1, None, "b", b"c"]}
    doc.get("list", type=pycrdt.Array).extend([1, pycrdt.Map({"x": pycrdt.Text("inside")})])
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    text.insert(0, "one 😀", attrs={"bold": True})
    text.insert_embed(3, {"image": "x"})
    state = doc.get_update()
    encoded = IdEncodedState.read(state)
    assert encoded.roots == {"meta", "list", "content"}
    assert without_content(encoded.states()[0]) == without_content(state)
    assert sorted(encoded.texts) == [" 😀", "inside", "one"]
    assert sorted(encoded.lengths) == [3, 3, 6]


def test_indexes_of_two_digits_have_two_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """One digit of each makes the index."""
    assert DIGIT_BASE > 9
    monkeypatch.setattr("apps.crdt.analysis.id_encoding.DIGIT_BASE", 9)
    encoded = IdEncodedState.read(Scribbler(random.Random(7)).write(60)[-1])
    lower, upper = (texts(state) for state in encoded.states())
    assert len(lower) > 9
    found = [
        encoded.struct_index(low.text[0], high.text[0])
        for low, high in zip(lower, upper, strict=True)
    ]
    assert found == list(range(len(lower)))
