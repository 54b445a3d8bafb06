"""Joining of texts in an update: the same document, in far less memory."""

import random
from typing import Any

import pycrdt
import pytest

from apps.crdt.analysis.equality import states_equal
from apps.crdt.codec.text_joining import text_joined
from apps.crdt.codec.update_reader import read_update
from apps.crdt.engine.base import get_engine
from tests.crdt.engine.placing import Item, encoded
from tests.crdt.engine.test_merge_cost import text
from tests.crdt.samples import ALL_HISTORIES, History

ENGINE = get_engine("pycrdt")


def state_of(*updates: bytes) -> bytes:
    """Return the state after updates."""
    document = ENGINE.new_document()
    for update in updates:
        document.apply(update)
    return document.encode()


def test_letters_become_one_string() -> None:
    """As Yjs sends them."""
    letters = encoded(text(1_000))
    joined = text_joined(letters)
    assert len(joined) < 1_020
    assert read_update(joined).ranges == read_update(letters).ranges
    assert state_of(joined) == state_of(letters)


def test_letters_that_do_not_continue_each_other_stay() -> None:
    """Another right origin, another place."""
    items = [*text(3), Item(1, 3, (1, 0), (1, 1)), Item(1, 4, (1, 3), None)]
    joined = text_joined(encoded(items))
    assert read_update(joined).ranges == {1: ((0, 5),)}
    assert states_equal(ENGINE, state_of(joined), state_of(encoded(items)))
    assert len(joined) < len(encoded(items))


@pytest.mark.parametrize("seed", range(30))
def test_letters_of_three_writers_make_the_same_document(seed: int) -> None:
    """Typed and deleted at places of their own, merged as offline clients merge them."""
    chance = random.Random(seed)
    docs = [pycrdt.Doc[Any](client_id=client) for client in (1, 2, 3)]
    updates = []
    for _ in range(120):
        doc = chance.choice(docs)
        vector = doc.get_state()
        content = doc.get("content", type=pycrdt.Text)
        at = chance.randint(0, len(content)) if chance.random() < 0.2 else len(content)
        if chance.random() < 0.1 and at < len(content):
            del content[at : at + 1]
        else:
            content.insert(at, chance.choice("abc"))
        updates.append(doc.get_update(vector))
        if chance.random() < 0.1:
            for other in docs:
                other.apply_update(doc.get_update())
    merged = ENGINE.merge(updates)
    joined = text_joined(merged)
    assert len(joined) < len(merged)
    assert states_equal(ENGINE, state_of(joined), state_of(*updates))


@pytest.mark.parametrize("history", ALL_HISTORIES, ids=lambda history: history.name)
def test_golden_histories_stay_the_same_documents(history: History) -> None:
    """All kinds of content, from Yjs."""
    assert states_equal(ENGINE, state_of(text_joined(history.state)), state_of(history.state))
    merged = ENGINE.merge(history.updates)
    assert states_equal(ENGINE, state_of(text_joined(merged)), state_of(merged))
