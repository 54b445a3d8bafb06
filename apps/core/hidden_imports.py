"""Imports without what a library imports only because it is installed, for another package."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """Let imports of these modules fail while the block runs.

    For libraries that can do without them. A module that is imported already stays.
    """
    modules: dict[str, Any] = sys.modules
    absent = [name for name in names if name not in modules]
    modules.update(dict.fromkeys(absent))
    try:
        yield
    finally:
        for name in absent:
            del modules[name]


@contextmanager
def replaced(name: str, **attributes: object) -> Iterator[None]:
    """Let imports of a module of a package get these attributes alone while the block runs.

    For libraries that import a large module for one name of it. One that is imported already stays.
    """
    modules = sys.modules
    absent = [part for part in (name.rpartition(".")[0], name) if part not in modules]
    if name not in absent:
        yield
        return
    modules.update((part, ModuleType(part)) for part in absent)
    vars(modules[name]).update(attributes)
    try:
        yield
    finally:
        for part in absent:
            del modules[part]
