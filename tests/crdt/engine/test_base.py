"""What every engine has to do, asked of each with the histories that Yjs wrote.

What y_py gets wrong stands here as a strict expected failure, case by case: the day that it gets
one right, the test says so (ADR 0001).
"""

import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import pytest
from _pytest.mark import ParameterSet

from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import decode_vector, encode_vector
from apps.crdt.engine.base import (
    Engine,
    EngineBrokenError,
    EngineDocument,
    UnknownEngineError,
    UpdateRejectedError,
    get_engine,
)
from apps.crdt.engine.errors import translate_error
from tests.crdt.apart import Apart
from tests.crdt.samples import (
    ALL_HISTORIES,
    History,
    apply_all,
    golden,
    item,
    letters,
    load,
    unpack,
    view_pycrdt,
    view_y_py,
    written,
)

Y_PY_MISSING = pytest.mark.skipif(find_spec("y_py") is None, reason="no y-py for this Python")
#: What a library's own document shows.
SHOWN: Final[Mapping[str, Callable[[Any, str], Any]]] = {"pycrdt": view_pycrdt, "y_py": view_y_py}

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


def engines(y_py_wrong: str | None = None) -> list[ParameterSet]:
    """Return every engine; with a reason, y_py is expected to fail."""
    marks = [Y_PY_MISSING, *_expected_failure(y_py_wrong)]
    return [pytest.param("pycrdt"), pytest.param("y_py", marks=marks)]


def cases(
    y_py_wrong: Mapping[str, str], histories: list[History] = ALL_HISTORIES
) -> list[ParameterSet]:
    """Return every engine with every history; of some of them y_py makes something wrong."""
    return [
        pytest.param(
            *engine.values, history, marks=engine.marks, id=f"{engine.values[0]}-{history.name}"
        )
        for history in histories
        for engine in engines(y_py_wrong.get(history.name))
    ]


def _expected_failure(reason: str | None) -> list[pytest.MarkDecorator]:
    if reason is None:
        return []
    failures = (AssertionError, EngineBrokenError, BrokenProcessPool)
    return [pytest.mark.xfail(strict=True, reason=reason, raises=failures)]


class Documents:
    """Creates documents, and closes them in the same thread, as y_py requires."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._made: list[EngineDocument] = []

    def new(self, *updates: bytes) -> EngineDocument:
        """Return a document that these updates make."""
        document = self.engine.new_document()
        self._made.append(document)
        apply_all(document, updates)
        return document

    def show(self, document: Any, kind: str) -> Any:
        """Return what the library's own document shows."""
        return SHOWN[self.engine.name](document._doc, kind)

    def close(self) -> None:
        """Close them all."""
        for document in self._made:
            document.close()


@pytest.fixture
def documents(engine: str) -> Iterator[Documents]:
    """Return documents of the engine that the test is about."""
    made = Documents(get_engine(engine))
    yield made
    made.close()


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    """Return the process for updates that may kill it."""
    with Apart() as process:
        yield process


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


# --- errors ---------------------------------------------------------------------------------------

KNOWN = golden("concurrent typing").updates
RUBBISH = {
    "nothing": b"",
    "end too early": golden("prosemirror").state[:-40],
    "more clients than bytes": b"\xff\xff\xff\x7f\x01\x01\x00",
    "more structs than bytes": b"\x01\xff\xff\xff\x7f\x01\x00\x84\x01\x00\x01a\x00",
    "an unknown content": written([(1, 0, [item(15, b"")])]),
    "words": b"hello world",
}


@pytest.mark.parametrize("update", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize("engine", engines())
def test_apply_of_malformed_bytes_is_refused_and_keeps_the_document(
    engine: str, update: bytes, apart: Apart
) -> None:
    """The strict reader refuses all of these; the engine must survive them as well."""
    outcome = apart.attempt(engine, KNOWN, update)
    assert outcome.error is not None
    assert outcome.error[0] == "UpdateRejectedError"
    assert read_update(outcome.after) == read_update(outcome.before)


@pytest.mark.parametrize("engine", engines("y-py kills the process with a text that is not UTF-8"))
def test_apply_of_a_text_that_is_not_utf_8_is_refused(engine: str, apart: Apart) -> None:
    """Two bytes that are in no text."""
    outcome = apart.attempt(engine, KNOWN, written([(1, 0, [item(4, b"\x02\xff\xfe")])]))
    assert outcome.error == ("UpdateRejectedError", "ValueError")


@pytest.mark.parametrize("engine", engines())
def test_apply_of_a_letter_inside_a_letter_breaks_the_engine(engine: str, apart: Apart) -> None:
    """Well-formed but invalid: the caller must rebuild the document."""
    update = written([(1, 0, [letters("x", parent=(17, 1))])])
    assert read_update(update).ranges == {1: ((0, 1),)}
    outcome = apart.attempt(engine, KNOWN, update)
    assert outcome.error is not None
    assert outcome.error[0] == "EngineBrokenError"


class PanicException(BaseException):
    """The exception that the libraries raise when Rust panics; it cannot be imported."""


@pytest.mark.parametrize("error", [PanicException("a defect"), RuntimeError("a defect")])
@pytest.mark.parametrize("engine", engines())
def test_failures_of_the_library_are_a_broken_engine(engine: str, error: BaseException) -> None:
    """A panic is not an ``Exception``, so it must be translated to one of our errors."""
    words = ["refused"] if engine == "pycrdt" else []
    translate: Any = translate_error
    if engine == "y_py":
        translate = import_module("apps.crdt.engine.y_py")._translate
    broken = translate(error, *words)
    assert isinstance(broken, EngineBrokenError)
    assert "a defect" in broken.message
    stop = KeyboardInterrupt()
    assert translate(stop, *words) is stop


@pytest.mark.parametrize("engine", engines())
def test_thread_bound_is_whether_only_one_thread_may_use_it(documents: Documents) -> None:
    """A refused update raises an error of ours, and the document is unchanged."""
    document = documents.new()
    with ThreadPoolExecutor(1) as elsewhere:
        errors = [
            elsewhere.submit(document.apply, golden("typing").updates[0]).exception(),
            elsewhere.submit(document.state_vector).exception(),
        ]
    bound = documents.engine.thread_bound
    assert [isinstance(error, EngineBrokenError) for error in errors] == [bound, bound]
    assert documents.show(document, "text") == ("" if bound else "H")


# --- choosing and letting go ----------------------------------------------------------------------


@pytest.mark.parametrize("engine", engines())
def test_get_engine_returns_the_one_of_that_name(engine: str) -> None:
    """The name is the value of the setting."""
    assert get_engine(engine).name == engine


def test_get_engine_of_an_unknown_name_lists_the_engines() -> None:
    """A wrong setting stops the start with a helpful message."""
    with pytest.raises(UnknownEngineError, match="choose pycrdt or y_py"):
        get_engine("yrs")


def test_get_engine_without_its_library_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no y-py for newer Pythons."""
    monkeypatch.setitem(sys.modules, "y_py", None)
    monkeypatch.delitem(sys.modules, "apps.crdt.engine.y_py", raising=False)
    with pytest.raises(UnknownEngineError, match="not installed"):
        get_engine("y_py")


@pytest.mark.parametrize("engine", engines())
def test_close_ends_the_use_of_a_document(engine: str) -> None:
    """Further use is a defect, and raises an error."""
    document = get_engine(engine).new_document()
    document.close()
    with pytest.raises(AttributeError):
        document.encode()


def test_close_frees_the_memory() -> None:
    """There is no reference cycle and no observer left: the library's document is freed at once."""
    document: Any = get_engine("pycrdt").new_document()
    apply_all(document, golden("typing").updates)
    library_document = weakref.ref(document._doc)
    document.close()
    assert library_document() is None
