"""What every engine does with broken input, a broken library, and at its end."""

import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import pytest

from apps.crdt.codec.update_reader import read_update
from apps.crdt.engine.base import (
    EngineBrokenError,
    UnknownEngineError,
    get_engine,
)
from apps.crdt.engine.errors import translate_error
from tests.crdt.apart import Apart
from tests.crdt.engine.engines import Documents, engines
from tests.crdt.samples import (
    apply_all,
    golden,
    item,
    letters,
    written,
)

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
