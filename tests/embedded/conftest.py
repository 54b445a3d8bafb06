"""Data folders with a space in their path."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from apps.embedded.data_dir import DataDir


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Return a folder with a space in its path, short enough for a socket."""
    with TemporaryDirectory(prefix="s ") as name:
        yield Path(name)


@pytest.fixture
def folder(short_path: Path) -> Path:
    """Return the path of a data folder that does not exist yet."""
    return short_path / "data"


@pytest.fixture
def data_dir(folder: Path) -> DataDir:
    """Return a new data folder."""
    return DataDir.open(folder)
