"""A viewer's presence changes nothing of what others write (docs/invariants.md, 14)."""

import contextlib
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from apps.collab.protocol import AwarenessEntry, encode_awareness
from tests.e2e import strangers
from tests.e2e.conftest import Arrive
from tests.e2e.people import Person

#: The client that the states are of.
STRANGER = 4_242
#: Of the largest clock that JavaScript can count to.
LARGEST_CLOCK = 2**53 - 1
USER = {"id": "99", "username": "alan", "name": "Alan Turing"}
ROOT = {"type": None, "tname": "default", "item": None, "assoc": 0}


def state(**fields: Any) -> str:
    """Return the JSON of a state with a user and these fields."""
    return json.dumps({"user": USER, **fields})


#: States that JSON can express: they are also put into the page's awareness itself.
EXPRESSIBLE = {
    "a cursor without positions": state(cursor={"anchor": None, "head": None}),
    "a cursor of empty positions": state(cursor={"anchor": {}, "head": {}}),
    "a client that is no number": state(
        cursor={"anchor": {"type": {"client": "x", "clock": 0}}, "head": ROOT}
    ),
    "a clock below zero": state(
        cursor={"anchor": ROOT, "head": {"item": {"client": 1, "clock": -5}}}
    ),
    "a cursor that is a text": state(cursor="text"),
    "a user that is a text": json.dumps({"user": "alan", "cursor": {"anchor": ROOT, "head": ROOT}}),
    "a user whose name is no text": json.dumps(
        {"user": {**USER, "name": {"toString": 1}}, "cursor": {"anchor": ROOT, "head": ROOT}}
    ),
    "no user": json.dumps({"cursor": {"anchor": ROOT, "head": ROOT}}),
    "a number": "5",
    "an array": "[]",
    "unknown fields": state(x={"y": [1, 2, 3]}, __proto__={"cursor": 5}),
}
#: States that no page can parse.
UNREADABLE = {
    "NaN": '{"x":NaN}',
    "Infinity": '{"x":Infinity}',
    "minus Infinity": '{"x":-Infinity}',
    "a number too large": '{"x":1e999}',
    "no JSON": "{",
    "nothing": "",
}
STATES = {**EXPRESSIBLE, **UNREADABLE}


@contextlib.contextmanager
def socket_of(viewer: Person, stack: Any, document_id: str) -> Iterator[ClientConnection]:
    """Open a raw socket of a viewer, as a stock client does."""
    url = f"{stack.ws_url}/ws/documents/{document_id}?token={viewer.token}"
    with connect(url, max_size=None, compression=None) as socket:
        yield socket


def test_no_state_of_a_viewer_stops_or_deletes_anything(
    ada: Person, grace: Person, arrive: Arrive, stack: Any, shared: str
) -> None:
    """By the viewer's socket, by a frame of an older server, and in the page's own awareness."""
    alan = arrive("alan")
    ada.share(shared, "alan", "viewer")
    for person in (ada, grace):
        strangers.prepare(person)
        person.open(shared)
    written = ""
    for number, (name, text) in enumerate(STATES.items()):
        frame = encode_awareness([AwarenessEntry(STRANGER + number, 1, text)])
        with socket_of(alan, stack, shared) as socket:
            socket.send(frame)
            for person in (ada, grace):
                strangers.receive(person.page, frame)
                if name in EXPRESSIBLE:
                    strangers.put_state(person.page, STRANGER + number, text)
            for writer, reader in ((grace, ada), (ada, grace)):
                writer.insert(f"{writer.username}{number} ")
                written += f"{writer.username}{number} "
                reader.sees(written.strip())
                writer.sees(written.strip())
    for person in (ada, grace):
        expect(person.chip).to_have_text("Saved")
        assert person.page.evaluate("window.sockets.length") == 1
        expect(person.page.get_by_role("alert")).to_be_hidden()
        person.page.reload()
        person.sees(written.strip())
    assert ada.api("GET", f"documents/{shared}/deletions/?after=0")["results"] == []


@pytest.mark.parametrize("clock", [LARGEST_CLOCK - 2, LARGEST_CLOCK, LARGEST_CLOCK + 1])
def test_clock_of_any_size_leaves_the_pages_connected(
    ada: Person, arrive: Arrive, stack: Any, clock: int
) -> None:
    """Of a stranger's client, and of the page's own one, as an older server passes it on."""
    alan = arrive("alan")
    document_id = ada.create("Clocks")
    ada.share(document_id, "alan", "viewer")
    strangers.prepare(ada)
    ada.open(document_id)
    own = ada.page.evaluate(
        """() => {
          const { extensions } = document.querySelector(".prose").editor.extensionManager;
          return extensions.find(({ name }) => name === "collaboration").options.document.clientID;
        }"""
    )
    with socket_of(alan, stack, document_id) as socket:
        for client in (STRANGER, own):
            for text in (state(), "null"):
                frame = encode_awareness([AwarenessEntry(client, clock, text)])
                with contextlib.suppress(ConnectionClosed):
                    socket.send(frame)
                strangers.receive(ada.page, frame)
        for word in ("still ", "here"):
            ada.insert(word)
            expect(ada.chip).to_have_text("Saved")
    ada.sees("still here")
    assert ada.page.evaluate("window.sockets.length") == 1


def test_presence_makes_a_page_read_the_title_once_in_two_seconds(ada: Person) -> None:
    """150 states, each with another ``renamed``: one request at once, one 2 s later."""
    document_id = ada.create("Renamed")
    strangers.prepare(ada)
    ada.open(document_id)
    reads = f"""() => performance.getEntriesByType("resource")
      .filter(({{ name }}) => name.endsWith("/api/v1/documents/{document_id}/"))
      .map(({{ startTime }}) => startTime)"""
    before = len(ada.page.evaluate(reads))
    for clock in range(1, 152):
        entry = AwarenessEntry(STRANGER, clock, state(renamed=clock))
        strangers.receive(ada.page, encode_awareness([entry]))
    ada.page.wait_for_function(f"before => ({reads})().length >= before + 2", arg=before)
    times = ada.page.evaluate(reads)[before:]
    assert all(later - earlier >= 1_990 for earlier, later in itertools.pairwise(times)), times
