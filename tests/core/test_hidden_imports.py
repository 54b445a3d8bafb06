"""Modules that are hidden from an import."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.core.hidden_imports import hidden, replaced


def test_hidden_module_cannot_be_imported_in_the_block_only() -> None:
    """Nothing of it stays, also after an error."""
    assert "this" not in sys.modules
    with pytest.raises(ImportError), hidden("this"):
        importlib.import_module("this")
    assert "this" not in sys.modules


def test_module_that_was_imported_before_stays() -> None:
    """Who uses it already goes on."""
    before = sys.modules["json"]
    with hidden("json"):
        assert importlib.import_module("json") is before
    assert sys.modules["json"] is before


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make a package that nobody has imported."""
    folder = tmp_path / "seldom"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "part.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in ("seldom", "seldom.part"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("package")
def test_replaced_module_is_the_real_one_after_the_block() -> None:
    """Also after an error."""
    with pytest.raises(ValueError, match="7"), replaced("seldom.part", VALUE=7):
        raise ValueError(importlib.import_module("seldom.part").VALUE)
    assert importlib.import_module("seldom.part").VALUE == 1


@pytest.mark.usefixtures("package")
def test_module_of_a_package_that_is_used_is_replaced_alone() -> None:
    """The package stays as it is."""
    used = importlib.import_module("seldom")
    with replaced("seldom.part", VALUE=7):
        assert importlib.import_module("seldom.part").VALUE == 7
        assert importlib.import_module("seldom") is used
    assert importlib.import_module("seldom.part").VALUE == 1


def test_module_that_was_imported_is_not_replaced() -> None:
    """Others may use the package."""
    before = importlib.import_module("json.decoder")
    with replaced("json.decoder", JSONDecoder=7):
        assert importlib.import_module("json.decoder") is before
