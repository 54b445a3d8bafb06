"""Every engine, with the histories that Yjs wrote."""

from collections.abc import Callable, Mapping
from concurrent.futures.process import BrokenProcessPool
from importlib.util import find_spec
from typing import Any, Final

import pytest
from _pytest.mark import ParameterSet

from apps.crdt.engine.base import (
    Engine,
    EngineBrokenError,
    EngineDocument,
)
from tests.crdt.samples import (
    ALL_HISTORIES,
    History,
    apply_all,
    view_pycrdt,
    view_y_py,
)

Y_PY_MISSING = pytest.mark.skipif(find_spec("y_py") is None, reason="no y-py for this Python")
#: What a library's own document shows.
SHOWN: Final[Mapping[str, Callable[[Any, str], Any]]] = {"pycrdt": view_pycrdt, "y_py": view_y_py}


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
