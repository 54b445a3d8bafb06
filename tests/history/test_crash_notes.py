"""Deaths of processes make documents suspects, and put them into quarantine."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.core import ids
from apps.core.crash_journal import CrashJournal
from apps.history import crash_notes
from apps.history.crash_notes import deaths_record, work_noted
from apps.oplog.document_quarantine import (
    DocumentQuarantinedError,
    load_precautions,
    quarantined_documents,
)
from apps.oplog.models import document_quarantine_rows


def die(folder: Path, *document_ids: str) -> None:
    """Leave the notes of a process that died while it worked on documents."""
    journal = CrashJournal(folder)
    for document_id in document_ids:
        journal.begin(document_id)
    os.close(journal._file)  # the mapping stays, as nothing else of a dead process would


@pytest.fixture
def document_id() -> str:
    """Return the id of a new document."""
    return ids.new_id()


def test_first_death_makes_a_suspect(tmp_path: Path, document_id: str) -> None:
    """Its next load is tried in a child process."""
    die(tmp_path, document_id)
    deaths_record(tmp_path)
    assert load_precautions(document_id=document_id).is_suspect
    assert list(tmp_path.iterdir()) == []


def test_second_death_quarantines(tmp_path: Path, document_id: str) -> None:
    """By crash."""
    for _ in range(2):
        die(tmp_path, document_id)
        deaths_record(tmp_path)
    with pytest.raises(DocumentQuarantinedError):
        load_precautions(document_id=document_id)
    [listed] = quarantined_documents(document_id=document_id)
    assert (listed.reason, listed.deaths) == ("crash", 2)


def test_death_with_nothing_in_work_ends_the_suspicion(tmp_path: Path, document_id: str) -> None:
    """A server that is killed now and then, in the middle of one document by chance."""
    die(tmp_path, document_id)
    deaths_record(tmp_path)
    die(tmp_path)
    deaths_record(tmp_path)
    assert not load_precautions(document_id=document_id).is_suspect
    die(tmp_path, document_id)
    deaths_record(tmp_path)
    assert load_precautions(document_id=document_id).is_suspect


def test_document_beside_others_is_quarantined_at_the_third_death(
    tmp_path: Path, document_id: str
) -> None:
    """The others were only there by chance."""
    others = [ids.new_id() for _ in range(3)]
    for other in others:
        die(tmp_path, document_id, other)
        deaths_record(tmp_path)
    with pytest.raises(DocumentQuarantinedError):
        load_precautions(document_id=document_id)
    assert all(load_precautions(document_id=other).is_suspect for other in others)


def test_death_long_ago_is_forgotten(tmp_path: Path, document_id: str) -> None:
    """Servers are killed now and then, whatever they work on."""
    die(tmp_path, document_id)
    deaths_record(tmp_path)
    document_quarantine_rows().update_one({"_id": document_id}, {"$inc": {"at": -4_000.0}})
    assert not load_precautions(document_id=document_id).is_suspect
    die(tmp_path, document_id)
    deaths_record(tmp_path)
    assert load_precautions(document_id=document_id).is_suspect


@pytest.fixture
def journal(
    tmp_path: Path, settings: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Return the folder of this process's journal."""
    settings.CRASH_JOURNAL_DIR = str(tmp_path)  # type: ignore[attr-defined]
    monkeypatch.setattr(crash_notes, "_journal", None)
    yield tmp_path
    if crash_notes._journal is not None:
        crash_notes._journal.close()


def test_first_note_of_a_process_reads_what_others_have_left(
    journal: Path, document_id: str
) -> None:
    """Before it works on anything."""
    die(journal, document_id)
    with work_noted(ids.new_id()):
        assert load_precautions(document_id=document_id).is_suspect
        [path] = journal.iterdir()
        assert path.read_bytes().count(b"\x00") < 64 * 64
    assert path.read_bytes() == bytes(64 * 64)
