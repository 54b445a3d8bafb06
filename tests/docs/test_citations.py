"""Every citation leads to something that the repository has."""

import pytest

from tests.docs.citations import broken, python_prose, script_prose, texts
from tests.support.launcher import ROOT


def test_citations_of_the_repository_lead_somewhere() -> None:
    """In documents, docstrings and comments."""
    found = {
        path.relative_to(ROOT).as_posix(): wrong
        for path, text in texts()
        if (wrong := broken(text, folder=path.parent))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "a [page](no-page.md)",
        "a [heading](docs/protocol.md#no-heading)",
        "see docs/nothing.md",
        "as `apps/collab/nothing.py` does",
        "as `nothing.py` does",
        "the modules `apps/collab/{room,nothing}.py`",
        "the folder `apps/nothing/`",
        "any of `apps/nothing/*.py`",
        "`tests/collab/test_room.py::test_nothing`",
        "``apps.nothing``",
        "``apps.collab.nothing``",
        "``apps.collab.room.Nothing``",
        "`history.nothing`",
        "as ADR 9999 says",
        "as ADRs 0001 and 9999 say",
        "the lock (§4)",
        "docs/system-flow.md, §99",
        "docs/system-flow.md, §4 and §99",
        "docs/invariants.md, 99",
        "docs/invariants.md, 1 and 99",
        "as invariant 5 says",
        "as " + "DESIGN says",
        "(" + "HOUSE, imports go one way)",
        "by " + "CONTRACT",
        "measured (" + "FINDINGS)",
        "see " + "REDESIGN",
    ],
)
def test_citation_of_what_is_not_there_is_found(text: str) -> None:
    """One of each kind."""
    assert broken(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "a [page](docs/protocol.md), a [heading](docs/protocol.md#close-codes)",
        "[elsewhere](https://example.org/nothing.md) and https://example.org/docs/nothing.md",
        "see docs/protocol.md, and `protocol.md`",
        "the modules `apps/collab/{room,session}.py`, any of `apps/*/models.py`",
        "`tests/collab/test_room.py::test_quiet_room_releases_its_lock`",
        "``apps.collab``, ``apps.collab.room`` and ``apps.collab.room.Room``",
        "`history.recovery.document_load`, the task `pipeline.relay`, the field `documents.title`",
        "ADR 0001, ADRs 0001 and 0002",
        "the lock (docs/system-flow.md, §4), docs/system-flow.md, §8 and §9",
        "docs/invariants.md, 5, and docs/invariants.md, 1 to 3",
        "a docs/adr/NNNN-title.md",
    ],
)
def test_citation_of_what_is_there_is_fine(text: str) -> None:
    """One of each kind, too."""
    assert broken(text) == []


def test_docstrings_and_comments_are_read_and_other_strings_are_not() -> None:
    """Of Python and of scripts; a citation may go on in the next line of a comment."""
    python = '"""One."""\nvalue = "two"\n# three\n\n\ndef f() -> None:\n    """Four."""\n'
    assert [text for text in python_prose(python) if text] == ["One.", "Four.", "# three"]
    script = "/** one\n * two */\nconst url = 'http://three'; // four\n"
    assert script_prose(script) == ["/** one\n * two */", "// four"]
    assert broken("# as docs/system-flow.md,\n# §4 says") == []
