"""Content under keys (attributes, values of maps): what Yjs writes, and what kills the engine."""

import json
import random
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from apps.core.errors import InvalidInputError
from apps.crdt.codec.contents import MalformedUpdateError
from apps.crdt.codec.structs import RawStruct, iter_structs
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import Vector
from apps.crdt.engine.base import EngineBrokenError, EngineDocument, get_engine
from apps.crdt.engine.causal_gate import advance, missing_clocks
from apps.crdt.engine.structure_guard import StructureGuard
from tests.crdt.samples import item, letters, string, uints, unpack, written

GC, DELETED, BINARY, STRING, EMBED, FORMAT, TYPE, ANY = 0, 1, 3, 4, 5, 6, 7, 8

#: Honest histories: as many as Node makes in two seconds.
HISTORIES = 300
SCRIPT = Path(__file__).parents[1] / "golden" / "keyed_histories.mjs"


class Checked:
    """A document behind reader, gate and guard, as a room has it."""

    def __init__(self) -> None:
        self.document: EngineDocument = get_engine("pycrdt").new_document()
        self.guard = StructureGuard()
        self.vector: Vector = {}

    def add(self, update: bytes) -> None:
        """Check an update, then apply it; raise the error with which it is refused."""
        header = read_update(update)
        assert missing_clocks(header, self.vector) is None, "The update waits in the gate."
        self.guard.check(header, update, self.document)
        self.document.apply(update)
        self.guard.add(update)
        advance(self.vector, header)


def values(count: int) -> bytes:
    """Return the content of ``count`` "any" values."""
    return uints(count) + b"\x78" * count


# --- what Yjs writes ------------------------------------------------------------------------------


@cache
def honest_histories(seed: int) -> list[dict[str, Any]]:
    """Return histories that Yjs makes of maps and attributes."""
    command = [*["node", str(SCRIPT), str(seed), str(HISTORIES)]]
    made = subprocess.run(command, capture_output=True, check=True, text=True)
    found: list[dict[str, Any]] = json.loads(made.stdout)
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_no_honest_history_of_keys_is_refused(seed: int) -> None:
    """In every form of Yjs: merged, as a difference, with collected content and without."""
    for history in honest_histories(seed):
        checked = Checked()
        for update in map(unpack, history["updates"]):
            checked.add(update)
        read_update(unpack(history["state"]))
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        doc.apply_update(checked.document.encode())
        assert str(doc.get("text", type=pycrdt.Text)) == history["shown"]["text"]
        assert doc.get("map", type=pycrdt.Map).to_py().keys() == history["shown"]["map"].keys()
        with doc.transaction():
            children = list(doc.get("default", type=pycrdt.XmlFragment).children)
            shown = [dict(iter(child.attributes)) for child in children]
        assert shown == history["attributes"]


def test_honest_histories_have_runs_and_lost_flags() -> None:
    """They have the forms that a rule too strict would refuse."""
    updates = [update for one in honest_histories(1) for update in map(unpack, one["updates"])]
    structs = [struct for update in updates for struct in _structs(update)]
    assert any(kind == ANY and info & 32 and length > 1 for kind, info, length in structs)
    assert any(kind == DELETED and info & 32 and length > 1 for kind, info, length in structs)
    assert any(kind == ANY and not info & 32 for kind, info, length in structs)


def _structs(update: bytes) -> list[tuple[int, int, int]]:
    return [(one.kind, update[one.start], one.length) for one in iter_structs(update)]


# --- what kills the engine ------------------------------------------------------------------------

#: An attribute's value "xy" as text of two clocks, another value behind its first clock, and the
#: delete of the element. The engine dies by SIGSEGV.
SEGFAULT = bytes.fromhex(
    "03010900240002000161027879010300a80900017701790102002701016d016b060102010001"
)
#: Three values at once under one key; later updates put something behind the middle of them.
REJECTED_BREAKS = bytes.fromhex(
    "020102002701037478740b636f6e7374727563746f7206028580808010000002280002000573746172"
    "74037b826912d179bc89617dbfffffffffffff0f7ab5b680a352dbd45300"
)


@pytest.mark.parametrize("update", [SEGFAULT, REJECTED_BREAKS], ids=["text", "three values"])
def test_content_of_several_clocks_under_a_key_is_refused_by_the_reader(update: bytes) -> None:
    """Before it reaches the engine, so nothing of it is in the log."""
    with pytest.raises(MalformedUpdateError, match=r"under (a|one) key"):
        read_update(update)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (STRING, string("x")),
        (EMBED, string("{}")),
        (FORMAT, string("bold") + string("{}")),
        (ANY, values(2)),
    ],
)
def test_content_that_yjs_never_writes_under_a_key_is_refused(kind: int, content: bytes) -> None:
    """Text, embeds and marks have no key; one value of a key has one clock."""
    with pytest.raises(MalformedUpdateError, match=r"under (a|one) key"):
        read_update(written([(1, 0, [item(kind, content, key="a")])]))


def test_values_of_one_key_are_accepted_if_all_of_them_are_deleted() -> None:
    """As Yjs joins them without garbage collection; with one of them visible they are refused."""
    run = [(1, 0, [item(ANY, values(3), key="a")])]
    Checked().add(written(run, [(1, [(0, 1), (1, 2)])]))
    for partly in ([], [(0, 2)], [(1, 2)], [(0, 1), (2, 1)]):
        with pytest.raises(MalformedUpdateError):
            read_update(written(run, [(1, partly)] if partly else []))


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("kind", "content"), [(STRING, string("xy")), (ANY, values(2))])
@pytest.mark.parametrize("together", [True, False])
def test_content_of_several_clocks_that_inherits_a_key_is_refused(
    side: str, kind: int, content: bytes, together: bool
) -> None:
    """Without the flag of a key, beside an attribute of the document or of the same update."""
    place: Any = {side: (1, 1)}
    keyed = [item(TYPE, b"\x03" + string("p")), item(ANY, values(1), parent=(1, 0), key="a")]
    inheriting = [item(kind, content, **place)]
    checked = Checked()
    if together:
        attack = written([(2, 0, inheriting), (1, 0, keyed)])
    else:
        checked.add(written([(1, 0, keyed)]))
        attack = written([(2, 0, inheriting)])
    with pytest.raises(MalformedUpdateError, match=r"under (a|one) key"):
        checked.add(attack)


def test_content_that_inherits_a_key_over_several_updates_is_refused() -> None:
    """The key is inherited from content that has inherited it, one update each."""
    checked = Checked()
    checked.add(written([(1, 0, [item(ANY, values(1), parent="m", key="a")])]))
    checked.add(written([(2, 0, [item(ANY, values(1), left=(1, 0))])]))
    checked.add(written([(3, 0, [item(ANY, values(1), left=(2, 0))])]))
    with pytest.raises(MalformedUpdateError):
        checked.add(written([(4, 0, [letters("xy", left=(3, 0))])]))
    # Known clocks in front do not hide it: the engine adds only what is new.
    with pytest.raises(MalformedUpdateError):
        checked.add(written([(3, 0, [letters("xyz", parent="t")])]))


def test_text_beside_other_text_is_accepted() -> None:
    """Whatever neighbours it has, in the document and in the update."""
    checked = Checked()
    checked.add(written([(1, 0, [letters("one two", parent="t")])]))
    checked.add(written([(2, 0, [letters("ab", left=(1, 2), right=(1, 3))])]))
    checked.add(written([(3, 0, [letters("cd", right=(1, 0)), letters("ef", left=(2, 0))])]))


# --- anything with keys ---------------------------------------------------------------------------


def odd_update(chance: random.Random, vector: Vector, types: list[tuple[int, int]]) -> bytes:
    """Return an update of odd items around keys; ``types`` gets the shared types in it."""
    client = chance.randint(1, 4)
    clock = first = vector.get(client, 0)
    known = [(other, chance.randrange(end)) for other, end in vector.items() if end]
    structs = []
    for _ in range(chance.randint(1, 4)):
        kind, length = chance.choice(
            [
                (STRING, chance.randint(1, 3)),
                (ANY, chance.randint(1, 3)),
                (DELETED, chance.randint(1, 3)),
                (TYPE, 1),
                (BINARY, 1),
            ]
        )
        content = {
            STRING: string("xyz"[:length]),
            ANY: values(length),
            TYPE: bytes((chance.choice([0, 1, 2, 6]),)),
            BINARY: b"\x01b",
            DELETED: uints(length),
        }[kind]
        ids = [*known, *((client, at) for at in range(first, clock))]
        place: dict[str, Any] = {"parent": chance.choice(["r", *types[-3:], *ids[:1]])}
        if ids and chance.random() < 0.7:
            place = {"left": chance.choice(ids)}
            place |= {"right": chance.choice(ids)} if chance.random() < 0.3 else {}
        key = chance.choice([None, None, "k"])
        structs.append(item(kind, content, **place, key=None if "left" in place else key))
        if kind == TYPE:
            types.append((client, clock))
        clock += length
    deletes = [(other, [(at, 1)]) for other, at in known if chance.random() < 0.2]
    return written([(client, first, structs)], list(dict(deletes).items()))


def dangling(state: bytes) -> list[RawStruct]:
    """Return the items of a state whose neighbours or parent are all garbage collected.

    An engine collects a parent with all that is in it. An item that is left behind points to freed
    memory.
    """
    structs = list(iter_structs(state))
    collected = {
        (one.client, clock)
        for one in structs
        if one.kind == GC
        for clock in range(one.clock, one.clock + one.length)
    }
    named = [
        (one, {id_ for id_ in (*one.origins, one.parent) if isinstance(id_, tuple)})
        for one in structs
        if one.kind != GC
    ]
    return [one for one, ids in named if ids and ids <= collected]


def attack(seed: int) -> tuple[int, int]:
    """Feed documents of odd updates to the engine; return how many were accepted and refused."""
    chance = random.Random(seed)
    accepted = refused = 0
    others = [get_engine("pycrdt").new_document() for _ in range(4)]
    for number in range(100):
        checked, types = Checked(), list[tuple[int, int]]()
        for _ in range(12):
            before = len(types)
            update = odd_update(chance, checked.vector, types)
            try:
                checked.add(update)
            except EngineBrokenError:
                refused += 1
                break  # a room discards the document
            except InvalidInputError:
                del types[before:]
                refused += 1
                continue
            accepted += 1
            # Memory that was freed is used again by others.
            others[number % 4].apply(written([(number * 100 + accepted, 0, [letters("o" * 40)])]))
            assert not dangling(checked.document.encode())
        checked.document.text()
    return accepted, refused


@pytest.mark.parametrize("seed", range(6))
def test_engine_survives_whatever_reader_and_guard_accept(seed: int) -> None:
    """Odd updates by grammar, in a process of its own; no item is left without its parent."""
    code = f"from {__name__} import attack; print(*attack({seed}))"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=False,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    accepted, refused = map(int, ended.stdout.split())
    assert min(accepted, refused) > 100
