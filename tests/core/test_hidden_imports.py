"""Modules that are hidden from an import."""

import importlib
import sys

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


def test_replaced_module_is_the_real_one_after_the_block() -> None:
    """Also after an error."""
    assert "xmlrpc" not in sys.modules
    with pytest.raises(ValueError, match="7"), replaced("xmlrpc.client", ServerProxy=7):
        raise ValueError(importlib.import_module("xmlrpc.client").ServerProxy)
    assert importlib.import_module("xmlrpc.client").ServerProxy != 7


def test_module_of_a_package_that_is_used_is_replaced_alone() -> None:
    """The package stays as it is."""
    package = sys.modules["json"]
    assert "json.tool" not in sys.modules
    with replaced("json.tool", main=7):
        assert importlib.import_module("json.tool").main == 7
        assert importlib.import_module("json") is package
    assert importlib.import_module("json.tool").main != 7


def test_module_that_was_imported_is_not_replaced() -> None:
    """Others may use the package."""
    before = importlib.import_module("json.decoder")
    with replaced("json.decoder", JSONDecoder=7):
        assert importlib.import_module("json.decoder") is before
