"""Attribution: the text of a state, with the operation that wrote each part."""

import random
from typing import Any

import pycrdt
import pytest

from apps.crdt.analysis.attribution import OperationsOf, attributed_texts
from apps.crdt.edits.restore import restoring_update

CLIENTS = {10: "a", 11: "b", 12: "😀"}


def by_client(client: int) -> tuple[list[int], list[int]]:
    """Return the client itself as the operation of all its clocks."""
    return [99_999], [client]


def runs_in(state: bytes, operations_of: OperationsOf) -> list[tuple[str, int]]:
    """Return each part of the text with its operation."""
    return list(zip(*attributed_texts(state, operations_of), strict=True))


def typed(chance: random.Random) -> bytes:
    """Return a state of three writers, each of whom types one letter only."""
    docs = {client: pycrdt.Doc[Any](client_id=client) for client in CLIENTS}
    for _ in range(80):
        client = chance.choice(list(CLIENTS))
        doc = docs[client]
        root = doc.get("default", type=pycrdt.XmlFragment)
        with doc.transaction():
            if not len(root.children) or chance.random() < 0.1:
                root.children.insert(
                    chance.randint(0, len(root.children)), pycrdt.XmlElement("paragraph")
                )
            paragraph = chance.choice(list(root.children))
            if not len(paragraph.children):
                paragraph.children.append(pycrdt.XmlText())
            text = paragraph.children[0]
            shown = str(text)
            at = chance.randint(0, len(shown))
            place = len(shown[:at].encode())
            if chance.random() < 0.7:
                text.insert(place, CLIENTS[client] * chance.randint(1, 3))
            elif at < len(shown):
                del text[place : place + len(shown[at].encode())]
        if chance.random() < 0.4:
            for other in docs.values():
                other.apply_update(doc.get_update())
                doc.apply_update(other.get_update())
    whole: pycrdt.Doc[Any] = pycrdt.Doc()
    for doc in docs.values():
        whole.apply_update(doc.get_update())
    return whole.get_update()


@pytest.mark.parametrize("seed", range(25))
def test_every_letter_is_attributed_to_its_author(seed: int) -> None:
    """After concurrent typing into each other's words."""
    state = typed(random.Random(seed))
    runs = runs_in(state, by_client)
    assert all(set(text) == {CLIENTS[client]} for text, client in runs)
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state)
    root = doc.get("default", type=pycrdt.XmlFragment)
    shown = [str(text) for element in root.children for text in element.children]
    assert "".join(text for text, _ in runs) == "".join(shown)


def test_text_is_split_where_the_operation_changes() -> None:
    """Also inside a struct of one client, and with an index of more than one digit."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=1)
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    text += "onetwo"
    runs = runs_in(doc.get_update(), lambda _: ([3, 9], [7, 123_456]))
    assert runs == [("one", 7), ("two", 123_456)]


def test_document_without_text_has_no_attribution() -> None:
    """An empty document, and a document with other root types."""
    assert runs_in(b"\x00\x00", by_client) == []
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get("meta", type=pycrdt.Map)["key"] = "value"
    doc.get("list", type=pycrdt.Array).extend(["one", 2, {"three": "four"}])
    assert runs_in(doc.get_update(), by_client) == []


def test_restored_text_is_attributed_to_the_restore() -> None:
    """Unchanged text keeps its author."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=1)
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    text += "one two"
    earlier = doc.get_update()
    del text[0:3]
    update = restoring_update(earlier=earlier, present=doc.get_update())
    assert update is not None
    doc.apply_update(update)
    runs = runs_in(doc.get_update(), lambda client: ([9], [0 if client == 1 else 1]))
    assert runs == [("one", 1), (" two", 0)]


def test_parts_end_where_their_text_ends() -> None:
    """Although one operation wrote both paragraphs."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=1)
    root: pycrdt.XmlFragment = doc.get("default", type=pycrdt.XmlFragment)
    for word in ("one", "two"):
        root.children.append(pycrdt.XmlElement("paragraph", {}, [pycrdt.XmlText(word)]))
    assert runs_in(doc.get_update(), by_client) == [("one", 1), ("two", 1)]
