"""Data folders with the names that people give to folders."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from apps.embedded.data_dir import DataDir


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Return a folder with a space, whose path is short enough for a socket in it."""
    with TemporaryDirectory(prefix="s ") as name:
        yield Path(name)


@pytest.fixture
def data_dir(short_path: Path) -> Path:
    """Return a data folder that is not there yet."""
    return short_path / "data"


@pytest.fixture
def place(data_dir: Path) -> DataDir:
    """Return a new place."""
    return DataDir.open(data_dir)
