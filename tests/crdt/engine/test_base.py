"""What every engine has to do, asked of each with the histories that Yjs wrote.

What y_py gets wrong stands here as a strict expected failure, case by case: the day that it gets
one right, the test says so (ADR 0001).
"""

from collections.abc import Iterator
from typing import Any

import pytest

from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import decode_vector, encode_vector
from apps.crdt.engine.base import (
    UpdateRejectedError,
    get_engine,
)
from tests.crdt.engine.engines import Y_PY_MISSING, Documents, cases, engines
from tests.crdt.samples import (
    ALL_HISTORIES,
    History,
    apply_all,
    golden,
    letters,
    load,
    unpack,
    view_pycrdt,
    written,
)

#: What y_py cannot show of its own documents.
NOT_SHOWN = {
    "formatting": "y-py shows no formats and no embeds",
    "prosemirror": "y-py shows a number in an attribute as a text",
}
#: Histories whose state it cannot write, or not so that it can be read.
STATE_WRONG = {
    **dict.fromkeys(
        [
            *(f"random map {number}" for number in (1, 2, 3, 5, 6)),
            *(f"random array {number}" for number in (3, 5)),
        ],
        "y-py panics when it writes the state: it finds an item's parent no more",
    ),
    **dict.fromkeys(
        (f"random xml {number}" for number in range(1, 7)),
        "y-py writes a state with wrong parents: refused, or without some of the content",
    ),
}
#: Those of them where the second half alone fails as well.
REST_WRONG = {
    name: STATE_WRONG[name]
    for name in (
        "random map 1",
        "random map 3",
        "random map 6",
        "random array 3",
        "random xml 2",
        "random xml 5",
    )
}


# --- merging --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("engine", "history"), cases(NOT_SHOWN))
def test_apply_of_a_history_shows_what_yjs_shows(documents: Documents, history: History) -> None:
    """Update by update as the writers sent them."""
    document = documents.new(*history.updates)
    assert documents.show(document, history.kind) == history.view


@pytest.mark.parametrize(("engine", "history"), cases(NOT_SHOWN))
def test_apply_of_the_state_of_yjs_shows_the_same(documents: Documents, history: History) -> None:
    """One update with everything, as Yjs writes it."""
    document = documents.new(history.state)
    assert documents.show(document, history.kind) == history.view


@pytest.mark.parametrize(("engine", "history"), cases({}))
def test_state_vector_of_a_history_is_that_of_yjs(documents: Documents, history: History) -> None:
    """The vectors of engine, Yjs and gate are equal, in whatever order the clients are written."""
    document = documents.new()
    vector = apply_all(document, history.updates)
    assert decode_vector(document.state_vector()) == decode_vector(history.vector) == vector


@pytest.mark.parametrize(("engine", "history"), cases({}))
def test_apply_again_returns_that_nothing_changed(documents: Documents, history: History) -> None:
    """Every update with structs changes the document the first time, and never again."""
    document = documents.new()
    for update in history.updates:
        changed = document.apply(update)
        assert changed or not read_update(update).ranges
    assert not any(map(document.apply, [*history.updates, history.state]))


@pytest.mark.parametrize("engine", engines())
def test_apply_of_deletes_alone_returns_that_it_changed(documents: Documents) -> None:
    """A delete does not change the vector. It is a change once; a longer one is a change again."""
    parts = [unpack(part) for part in load("updates")["gap_parts"]]
    document = documents.new(*parts)
    before = document.state_vector()
    deletes, more = (unpack(load("updates")[name]) for name in ("deletes", "merged_deletes"))
    assert [document.apply(one) for one in (deletes, deletes, more, more)] == [
        True,
        False,
        True,
        False,
    ]
    assert document.state_vector() == before
    assert documents.show(document, "text") == "adf"


@pytest.mark.parametrize("engine", engines())
def test_apply_of_an_empty_update_changes_nothing(documents: Documents) -> None:
    """Yjs sends it as the answer to a client that has everything."""
    assert not documents.new().apply(unpack(load("updates")["empty"]))


@pytest.mark.parametrize("engine", engines())
def test_apply_of_a_partly_known_update_inserts_the_rest(documents: Documents) -> None:
    """A client that repeats an edit together with a new one."""
    history = golden("typing")
    first, *_ = history.updates
    overlap = documents.engine.merge(history.updates[:3])
    document = documents.new(first)
    assert document.apply(overlap)
    assert documents.show(document, "text") == "Hel"


@pytest.mark.parametrize("engine", engines())
def test_apply_with_brings_structs_returns_true(documents: Documents) -> None:
    """With ``brings_structs`` the engine need not find out whether the update changes anything."""
    history = golden("typing")
    document = documents.new()
    assert all(document.apply(update, brings_structs=True) for update in history.updates[:3])
    assert not document.apply(history.updates[0], brings_structs=False)


@pytest.mark.parametrize(("engine", "history"), cases(NOT_SHOWN))
def test_batch_of_a_history_shows_what_yjs_shows(documents: Documents, history: History) -> None:
    """At once or one by one: the same document, and the vector is Yjs'."""
    document = documents.new()
    with document.batch():
        for update in history.updates:
            document.apply(update)
    assert documents.show(document, history.kind) == history.view
    assert decode_vector(document.state_vector()) == decode_vector(history.vector)


@pytest.mark.parametrize("engine", engines())
def test_batch_continues_after_an_update_that_is_refused(documents: Documents) -> None:
    """Updates before it and after it are applied."""
    history = golden("typing")
    document = documents.new()
    with document.batch():
        document.apply(history.updates[0])
        with pytest.raises(UpdateRejectedError):
            document.apply(b"\xff\xff\xff")
        document.apply(history.updates[1])
    assert documents.show(document, "text") == "He"
    document.apply(history.updates[2])
    assert documents.show(document, "text") == "Hel"


# --- writing out ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("engine", "history"), cases(STATE_WRONG))
def test_encoded_state_can_be_loaded(documents: Documents, history: History) -> None:
    """A snapshot, loaded into a new document, has the same content and vector."""
    document = documents.new(*history.updates)
    loaded = documents.new(document.encode())
    assert documents.show(loaded, history.kind) == documents.show(document, history.kind)
    assert decode_vector(loaded.state_vector()) == decode_vector(history.vector)


@pytest.mark.parametrize(("engine", "history"), cases(STATE_WRONG))
def test_encoded_state_can_be_read_by_other_clients(documents: Documents, history: History) -> None:
    """Another library, which reads Yjs' updates correctly, reads the same document from it."""
    state = documents.new(*history.updates).encode()
    client: Any = get_engine("pycrdt").new_document()
    apply_all(client, [state])
    assert view_pycrdt(client._doc, history.kind) == history.view


#: What is written when the first half of the pair in "a😀b" is deleted, and "c" typed behind it.
HALF_A_PAIR = [letters("a😀b"), letters("c", left=(1, 3))]


@pytest.mark.parametrize("engine", ["pycrdt", pytest.param("y_py", marks=Y_PY_MISSING)])
@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="yrs loses a clock where it splits a surrogate pair"
)
def test_encoded_state_after_an_edit_inside_a_surrogate_pair_can_be_loaded(
    documents: Documents,
) -> None:
    """No editor should make such an edit, but any client can: only the log has all of it."""
    first, second = HALF_A_PAIR
    document = documents.new(
        written([(1, 0, [first])], [(1, [(1, 1)])]), written([(1, 4, [second])])
    )
    loaded = documents.new(document.encode())
    assert decode_vector(loaded.state_vector()) == {1: 5}


@pytest.mark.parametrize(("engine", "history"), cases(REST_WRONG))
def test_encode_of_a_difference_has_the_rest_and_no_more(
    documents: Documents, history: History
) -> None:
    """A client with half of a history gets exactly the other half."""
    document = documents.new(*history.updates)
    half = documents.new(*history.updates[: len(history.updates) // 2])
    known = decode_vector(half.state_vector())
    rest = document.encode(encode_vector(known))
    assert all(
        runs[0][0] >= known.get(client, 0) for client, runs in read_update(rest).ranges.items()
    )
    half.apply(rest)
    assert documents.show(half, history.kind) == documents.show(document, history.kind)
    assert decode_vector(half.state_vector()) == decode_vector(history.vector)


@pytest.mark.parametrize("engine", engines())
def test_encode_of_a_new_document_is_empty(documents: Documents) -> None:
    """No content, an empty vector and no text."""
    document = documents.new()
    assert (document.encode(), document.state_vector(), document.text()) == (
        b"\x00\x00",
        b"\x00",
        "",
    )


@pytest.mark.parametrize("engine", engines())
def test_encode_for_a_malformed_vector_is_refused(documents: Documents) -> None:
    """A vector comes from a client as well."""
    document = documents.new(*golden("typing").updates)
    with pytest.raises(UpdateRejectedError):
        document.encode(b"\x05\x01")
    assert documents.show(document, "text") == "Hello!"


@pytest.mark.parametrize(
    ("engine", "history"), cases({}, [one for one in ALL_HISTORIES if one.kind == "xml"])
)
def test_text_of_a_history_is_its_lines(documents: Documents, history: History) -> None:
    """One line for each block with text."""
    assert documents.new(history.state).text() == "\n".join(lines(history.view))


def lines(nodes: list[Any]) -> Iterator[str]:
    """Yield the texts of a view, which in these histories are one to a line."""
    for node in nodes:
        if isinstance(node, str):
            yield from filter(None, [node])
        else:
            yield from lines(node["children"])


@pytest.mark.parametrize(("engine", "history"), cases(NOT_SHOWN))
def test_merge_of_a_history_is_one_update_with_all_of_it(
    documents: Documents, history: History
) -> None:
    """The merged update has the content of all of them."""
    merged = documents.engine.merge(history.updates)
    assert documents.show(documents.new(merged), history.kind) == history.view
    assert read_update(merged).end_vector() == decode_vector(history.vector)


@pytest.mark.parametrize("engine", engines())
def test_merge_of_nothing_is_the_empty_update(documents: Documents) -> None:
    """Not an error."""
    assert documents.engine.merge([]) == b"\x00\x00"


@pytest.mark.parametrize("engine", engines())
def test_merge_with_malformed_bytes_is_refused(documents: Documents) -> None:
    """As the same bytes would be alone."""
    with pytest.raises(UpdateRejectedError):
        documents.engine.merge([*golden("typing").updates, b"\x01"])
