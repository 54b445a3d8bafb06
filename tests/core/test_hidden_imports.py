"""Modules that are hidden from an import."""

import importlib
import sys

import pytest

from apps.core.hidden_imports import hidden


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
