"""The allow-list of awareness states, from an attacker's side. Pure."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.collab.presence_state import (
    Identity,
    PresenceRefusedError,
    remote_state_rebuild,
    state_rebuild,
)
from apps.crdt.codec.lib0 import MAX_SAFE_INTEGER

ADA = Identity("1", "ada", "Ada Lovelace")
USER = {"id": "1", "username": "ada", "name": "Ada Lovelace"}
#: Positions as Yjs writes them: at an item, in a root, in a type.
AT_ITEM = {"type": {"client": 3, "clock": 0}, "tname": None, "item": {"client": 3, "clock": 7}}
IN_ROOT = {"type": None, "tname": "default", "item": None, "assoc": -1}
IN_TYPE = {"type": {"client": MAX_SAFE_INTEGER, "clock": 0}, "assoc": 0}


def rebuild(text: str, *, max_bytes: int = 10_000) -> Any:
    """Return the rebuilt state, parsed as a browser parses it: without ``NaN`` and infinities."""

    def refuse(name: str) -> None:
        raise AssertionError(f"no browser reads {name}")

    return json.loads(state_rebuild(text, ADA, max_bytes=max_bytes), parse_constant=refuse)


@pytest.mark.parametrize("position", [AT_ITEM, IN_ROOT, IN_TYPE], ids=["item", "root", "type"])
def test_cursor_of_yjs_is_passed_on(position: dict[str, Any]) -> None:
    """With the fields that Yjs reads, and the association that it assumes."""
    cursor = rebuild(json.dumps({"cursor": {"anchor": position, "head": IN_ROOT}}))["cursor"]
    full = {"type": None, "item": None, "tname": None, "assoc": 0, **position}
    assert cursor == {"anchor": full, "head": IN_ROOT}


@pytest.mark.parametrize(
    "cursor",
    [
        7,
        [1, 2],
        {},
        {"anchor": None, "head": None},
        {"anchor": IN_ROOT},
        {"anchor": IN_ROOT, "head": IN_ROOT, "more": 1},
        {"anchor": IN_ROOT, "head": {}},
        {"anchor": IN_ROOT, "head": {"type": None, "tname": None, "item": None}},
        {"anchor": IN_ROOT, "head": {**IN_ROOT, "more": 1}},
        {"anchor": IN_ROOT, "head": {"type": {"client": "x", "clock": 0}}},
        {"anchor": IN_ROOT, "head": {"type": {"client": 1, "clock": -1}}},
        {"anchor": IN_ROOT, "head": {"type": {"client": 1.5, "clock": 0}}},
        {"anchor": IN_ROOT, "head": {"type": {"client": True, "clock": 0}}},
        {"anchor": IN_ROOT, "head": {"type": {"client": 1}}},
        {"anchor": IN_ROOT, "head": {"type": {"client": 1, "clock": 1, "more": 1}}},
        {"anchor": IN_ROOT, "head": {"item": {"client": 1, "clock": MAX_SAFE_INTEGER + 1}}},
        {"anchor": IN_ROOT, "head": {"item": [1, 1]}},
        {"anchor": IN_ROOT, "head": {"tname": 7}},
        {"anchor": IN_ROOT, "head": {"tname": ""}},
        {"anchor": IN_ROOT, "head": {"tname": "x" * 65}},
        {"anchor": IN_ROOT, "head": {**IN_ROOT, "assoc": 2}},
        {"anchor": IN_ROOT, "head": {**IN_ROOT, "assoc": 0.5}},
        {"anchor": IN_ROOT, "head": {**IN_ROOT, "assoc": "0"}},
        {"anchor": IN_ROOT, "head": {**IN_ROOT, "assoc": True}},
    ],
    ids=json.dumps,
)
def test_invalid_cursor_is_dropped(cursor: object) -> None:
    """A page that resolves it would raise within the transaction that shows others' edits."""
    assert rebuild(json.dumps({"cursor": cursor})) == {"user": USER, "cursor": None}


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1e400", "1.5", "-1", "9007199254740992"])
def test_number_that_is_no_count_is_left_out(number: str) -> None:
    """Python reads the first three as infinities and writes JSON that browsers cannot read."""
    cursor = f'{{"anchor":{{"item":{{"client":{number},"clock":0}}}},"head":{{}}}}'
    assert rebuild(f'{{"x":{number},"renamed":{number},"cursor":{cursor}}}') == {
        "user": USER,
        "cursor": None,
    }


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constant_that_is_not_json_is_refused(constant: str) -> None:
    """Python would read it, and send it to everybody."""
    with pytest.raises(PresenceRefusedError):
        state_rebuild(f'{{"x":{constant}}}', ADA, max_bytes=1000)


def test_unknown_field_is_left_out() -> None:
    """Presence has only the fields that the pages read."""
    said = {"user": {"color": "#abc", "email": "x"}, "renamed": 5, "x": {"y": 1}, "__proto__": {}}
    assert rebuild(json.dumps(said)) == {"user": {**USER, "color": "#abc"}, "renamed": 5}


@pytest.mark.parametrize("colour", ["red; background: url(x)", "#12", 7, None, "#1234567890"])
def test_invalid_colour_is_dropped(colour: object) -> None:
    """A colour enters the style sheets of other pages: only hexadecimal ones pass."""
    assert "color" not in rebuild(json.dumps({"user": {"color": colour}}))["user"]


@pytest.mark.parametrize("text", ["[]", "7", '"x"', "{", "[" * 5000, "1" * 5000, ""])
def test_state_that_is_no_object_is_refused(text: str) -> None:
    """An awareness state is an object or null."""
    for function in (lambda: rebuild(text), lambda: remote_state_rebuild(text, max_bytes=10_000)):
        with pytest.raises(PresenceRefusedError):
            function()


def test_state_of_a_client_that_leaves_stays_null() -> None:
    """A null state gets no user."""
    assert rebuild("null") is None
    assert remote_state_rebuild("null", max_bytes=10) == "null"


@pytest.mark.parametrize("text", ["y" * 2000, "字" * 2000])
def test_state_over_its_size_is_refused(text: str) -> None:
    """Presence is no storage, and the limit counts bytes, not characters."""
    said = json.dumps({"x": text}, ensure_ascii=False)
    size = len(said.encode())
    assert rebuild(said, max_bytes=size) == {"user": USER}
    with pytest.raises(PresenceRefusedError):
        rebuild(said, max_bytes=size - 1)


FIELDS = st.sampled_from(
    ["user", "cursor", "anchor", "head", "item", "type", "tname", "assoc", "client", "clock", "x"]
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=20,
)


@given(state=st.dictionaries(FIELDS, JSON, max_size=5))
def test_any_object_becomes_a_state_that_every_page_reads(state: dict[str, Any]) -> None:
    """Rebuilding is idempotent, also on another server."""
    rebuilt = state_rebuild(json.dumps(state), ADA, max_bytes=100_000)
    assert rebuild(rebuilt, max_bytes=100_000) == json.loads(rebuilt)
    assert json.loads(rebuilt).keys() <= {"user", "cursor", "renamed"}
    assert remote_state_rebuild(rebuilt, max_bytes=200_000) == rebuilt
