"""The rules of the house that no linter knows: how long a module is, and words that it lost."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Most lines of a module. What is longer has two subjects.
MAX_LINES = 400
#: A list of settings is as long as it is.
LONG = {"config/settings/base.py"}
MODULES = re.compile(r"\.(py|js|mjs|css|html)$")
#: Names that the field's own words replaced (docs/glossary.md).
LOST_WORDS = re.compile(r"\b(intake|sittings|clocks_of|deeds|anew|Whom|for ever)\b")
#: Made by programs.
GENERATED = re.compile(r"^static/vendor/.*\.js$|\.svg$|-lock\.json$|^requirements/.*\.txt$|\.png$")


def files() -> list[str]:
    """Return the paths of all files of the project that people write."""
    listed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607 - where the PATH has it
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    own = str(Path(__file__).relative_to(ROOT))
    paths = listed.stdout.splitlines()
    return [path for path in paths if path != own and not GENERATED.search(path)]


def test_no_module_is_too_long() -> None:
    """A list of all that are, with their lines."""
    lengths = {
        path: len((ROOT / path).read_text().splitlines())
        for path in files()
        if MODULES.search(path) and path not in LONG
    }
    assert len(lengths) > 500
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


@pytest.mark.parametrize("path", ["README.md", "apps/core/errors.py"])
def test_files_are_the_projects(path: str) -> None:
    """The lists of the other tests are not empty."""
    assert path in files()


def test_words_that_the_house_lost_stay_away() -> None:
    """In code, pages and docs."""
    found = []
    for path in files():
        try:
            text = (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{path}: {match[0]}" for match in LOST_WORDS.finditer(text)]
    assert found == []
