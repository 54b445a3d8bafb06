"""Files are freed when nothing in the history needs them, and never before."""

from io import BytesIO
from typing import Any

import pytest

from apps.accounts.models import PersonUsage
from apps.attachments.models import attachment_key, attachment_rows, file_rows
from apps.attachments.references import Reference, references_record
from apps.attachments.selectors import attachments_count, file_ids_in
from apps.attachments.services import attachment_copy, attachment_create
from apps.attachments.sweep import ORPHAN_AGE_S, orphans_delete
from apps.attachments.uploads import Upload
from apps.core.errors import InvalidInputError
from apps.documents.services import document_trash
from apps.history.file_mentions import mentions_find
from apps.history.models import version_rows
from apps.history.services import version_rename, versions_drop
from apps.maintenance import freeing
from apps.maintenance.freeing import FilesFreed, files_free
from apps.oplog.quarantine import edit_quarantine
from tests.attachments import samples
from tests.attachments.test_sweep import LONG_AGO, age, has_bytes
from tests.documents.factories import make_document
from tests.maintenance.commands import run, run_in_words
from tests.maintenance.compacting import FRESH, compact
from tests.support.old_logs import OldLog

pytestmark = pytest.mark.django_db


def attach(log: OldLog, data: bytes | None = None) -> str:
    """Attach a picture to the document by its owner; return its id."""
    upload = Upload(BytesIO(data or samples.png()), "a.png", "image/png")
    return attachment_create(user=log.users[0], document_id=log.document_id, upload=upload).id


def row_of(log: OldLog, file_id: str) -> dict[str, Any] | None:
    """Return the stored row of a document's file."""
    return attachment_rows().find_one({"_id": attachment_key(log.document_id, file_id)})


def free(log: OldLog) -> list[str]:
    """Run the freeing of a document's files; return the ids of the freed ones."""
    return [one.id for one in files_free(document_id=log.document_id, apply=True).freed]


def wait_long(log: OldLog) -> None:
    """Let all marks of the document's files be older than any grace period."""
    attachment_rows().update_many(
        {"document_id": log.document_id, "unused_at": {"$gt": ""}},
        {"$set": {"unused_at": LONG_AGO}},
    )


def free_after_grace(log: OldLog) -> list[str]:
    """Mark what is unused, let the grace period pass, and free."""
    assert free(log) == []
    wait_long(log)
    return free(log)


def record(log: OldLog) -> None:
    """Count the references of all operations, as the consumer does."""
    references_record(
        Reference(one.document_id, file_id, one.seq, one.author_id)
        for one in log.operations
        for file_id in file_ids_in(one.update)
    )


def test_file_that_was_never_inserted_is_freed_after_the_grace_period(log: OldLog) -> None:
    """Its row, and a day later its bytes; the uploader's share has the bytes back."""
    data = samples.png(700, 20)
    file_id = attach(log, data)
    share = PersonUsage.objects.get(user=log.users[0])
    before = share.stored_bytes
    assert free(log) == []
    assert free(log) == []
    wait_long(log)
    age(file_id)
    assert free(log) == [file_id]
    assert row_of(log, file_id) is None
    share.refresh_from_db()
    assert share.stored_bytes == before - len(data)
    orphans_delete()
    assert has_bytes(file_id)
    orphans_delete(older_than_s=-1)
    assert not has_bytes(file_id)
    assert attach(log, data) == file_id
    assert has_bytes(file_id)


@pytest.mark.parametrize("is_counted", [True, False], ids=["counted", "the table is lost"])
def test_file_in_the_log_stays_deleted_or_not(log: OldLog, is_counted: bool) -> None:
    """History shows it, and an undo brings it back; without the table the log decides."""
    file_id = attach(log)
    log.add_picture(file_id)
    log.delete_pictures()
    log.store()
    if is_counted:
        record(log)
    assert free_after_grace(log) == []
    stored = row_of(log, file_id)
    assert stored is not None
    assert stored["seq"] == log.operations[-2].seq
    assert "unused_at" not in stored


def test_search_costs_nothing_for_files_that_are_counted(
    log: OldLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is read only for files that the table does not know to be in use."""
    file_id = attach(log)
    log.add_picture(file_id)
    log.store()
    record(log)
    monkeypatch.setattr(freeing, "mentions_find", None)
    assert free_after_grace(log) == []


@pytest.mark.usefixtures("dropped_at_once")
def test_file_goes_with_the_last_version_that_shows_it(log: OldLog) -> None:
    """Compacted, then kept by a version, then needed by nothing."""
    file_id = attach(log)
    log.add_picture(file_id)
    number = log.keep()
    log.delete_pictures()
    log.write_many(4)
    log.keep()
    log.write_many(2, age=FRESH)
    log.store()
    record(log)
    version_rename(document_id=log.document_id, number=number, name="With it", user_id="1")
    compact(log)
    assert free_after_grace(log) == []
    assert row_of(log, file_id)["version"] == number  # type: ignore[index]
    version_rename(document_id=log.document_id, number=number, name="", user_id="1")
    assert versions_drop(document_id=log.document_id, numbers=[number]) == 1
    assert free(log) == []
    wait_long(log)
    assert free(log) == [file_id]


@pytest.mark.usefixtures("dropped_at_once")
def test_file_of_the_compaction_point_stays(log: OldLog) -> None:
    """No operation of the log mentions it any more, and the document shows it."""
    file_id = attach(log)
    log.add_picture(file_id)
    log.keep()
    log.write_many(2, age=FRESH)
    log.store()
    record(log)
    compact(log)
    assert free_after_grace(log) == []
    assert row_of(log, file_id) is not None


def test_file_of_a_document_in_the_trash_stays(log: OldLog) -> None:
    """It can be taken out of the trash."""
    file_id = attach(log)
    log.add_picture(file_id)
    log.store()
    document_trash(user=log.users[0], document_id=log.document_id)
    assert free_after_grace(log) == []
    assert row_of(log, file_id) is not None


def test_file_in_quarantine_stays(log: OldLog) -> None:
    """An operator may release the edit."""
    file_id = attach(log)
    log.add_picture(file_id)
    edit_quarantine(log.operations[-1], InvalidInputError("unfit"))
    log.operations.pop()
    assert free_after_grace(log) == []
    assert row_of(log, file_id) is not None


@pytest.mark.parametrize("way", ["undo", "undo that is not counted", "upload", "copy"])
def test_use_within_the_grace_period_takes_the_mark_away(log: OldLog, way: str) -> None:
    """The grace period begins again."""
    data = samples.png()
    file_id = attach(log, data)
    assert free(log) == []
    wait_long(log)
    if way.startswith("undo"):
        log.add_picture(file_id)
        log.store()
    if way == "undo":
        record(log)
    elif way == "upload":
        attach(log, data)
    elif way == "copy":
        other = make_document(log.users[0])
        attachment_copy(
            user=log.users[0], document_id=other.id, source_id=log.document_id, file_id=file_id
        )
        attachment_copy(
            user=log.users[0], document_id=log.document_id, source_id=other.id, file_id=file_id
        )
    assert free(log) == []
    assert row_of(log, file_id) is not None


@pytest.mark.parametrize("way", ["undo", "undo that is not counted", "upload"])
def test_use_between_the_search_and_the_end_wins(
    log: OldLog, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is deleted only as it was found."""
    data = samples.png()
    file_id = attach(log, data)
    assert free(log) == []
    wait_long(log)
    search = mentions_find

    def search_then_use(**wanted: Any) -> Any:
        found = search(**wanted)
        if way == "upload":
            attach(log, data)
        else:
            log.add_picture(file_id)
            log.store()
        if way == "undo":
            record(log)
        return found

    monkeypatch.setattr(freeing, "mentions_find", search_then_use)
    assert free(log) == []
    row = row_of(log, file_id)
    assert row is not None
    assert "unused_at" not in row


def test_mark_does_not_come_after_an_operation(
    log: OldLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The consumer counts it between the search and the mark."""
    file_id = attach(log)
    search = mentions_find

    def search_then_undo(**wanted: Any) -> Any:
        found = search(**wanted)
        log.add_picture(file_id)
        log.store()
        record(log)
        return found

    monkeypatch.setattr(freeing, "mentions_find", search_then_undo)
    assert free(log) == []
    assert "unused_at" not in row_of(log, file_id)  # type: ignore[operator]


def test_shared_bytes_go_with_the_last_document(log: OldLog) -> None:
    """Each document frees its own row."""
    file_id = attach(log)
    other = OldLog(log.users)
    attachment_copy(
        user=log.users[0],
        document_id=other.document_id,
        source_id=log.document_id,
        file_id=file_id,
    )
    assert free_after_grace(log) == [file_id]
    orphans_delete(older_than_s=-1)
    assert has_bytes(file_id)
    assert free_after_grace(other) == [file_id]
    orphans_delete(older_than_s=-1)
    assert not has_bytes(file_id)


def test_copy_gives_nobody_bytes_back(log: OldLog) -> None:
    """It has counted towards nobody's share."""
    upload = Upload(BytesIO(samples.png()), "a.png", "image/png")
    source = make_document(log.users[0])
    file_id = attachment_create(user=log.users[0], document_id=source.id, upload=upload).id
    before = PersonUsage.objects.get(user=log.users[0]).stored_bytes
    attachment_copy(
        user=log.users[0], document_id=log.document_id, source_id=source.id, file_id=file_id
    )
    assert free_after_grace(log) == [file_id]
    assert PersonUsage.objects.get(user=log.users[0]).stored_bytes == before


def test_damaged_version_frees_nothing(log: OldLog) -> None:
    """It cannot be searched; the command says so, and the rest of the retention is done."""
    file_id = attach(log)
    version_rows().update_one(
        {"document_id": log.document_id, "number": 2}, {"$set": {"snapshot": b"x"}}
    )
    done = run("retention", "--document", log.document_id, "--apply")
    assert (done.code, done.printed[0]["refused"]) == (1, "")
    assert done.printed[0]["files_refused"] == "A stored snapshot cannot be read."
    assert row_of(log, file_id) is not None


def test_command_says_what_it_frees(log: OldLog) -> None:
    """First what it would free, and what waits."""
    data = samples.png()
    file_id = attach(log, data)
    assert "unused, and wait" not in run_in_words("retention", "--document", make_document().id)
    words = run_in_words("retention", "--document", log.document_id, "--apply")
    assert f"1 files ({len(data)} bytes) are unused, and wait" in words
    wait_long(log)
    shown = run("retention", "--document", log.document_id)
    assert shown.printed[0]["files"] == [{"id": file_id, "name": "a.png", "size": len(data)}]
    assert row_of(log, file_id) is not None
    words = run_in_words("retention", "--document", log.document_id)
    assert f"file would be freed: a.png ({len(data)} bytes, {file_id})" in words
    words = run_in_words("retention", "--document", log.document_id, "--apply")
    assert f"file freed: a.png ({len(data)} bytes, {file_id})" in words
    assert row_of(log, file_id) is None
    assert run("retention", "--document", log.document_id).printed[1]["files"] == 0


def test_dry_run_writes_nothing(log: OldLog) -> None:
    """No mark, and no counted reference."""
    attach(log)
    log.add_picture(shown := attach(log))
    log.store()
    before = list(attachment_rows().find({"document_id": log.document_id}))
    result = files_free(document_id=log.document_id, apply=False)
    assert (result.freed, len(result.waiting)) == ([], 1)
    assert shown not in {one.id for one in result.waiting}
    assert list(attachment_rows().find({"document_id": log.document_id})) == before


def test_bytes_wait_a_day_for_a_backup(log: OldLog) -> None:
    """It may have read the row before, and reads the bytes now."""
    file_id = attach(log)
    assert free(log) == []
    wait_long(log)
    age(file_id)
    assert free(log) == [file_id]
    assert ORPHAN_AGE_S >= 24 * 3600
    orphans_delete()
    assert file_rows().find_one({"_id": file_id}) is not None
    assert has_bytes(file_id)


def test_document_without_files_costs_one_query(
    log: OldLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most documents have none."""
    monkeypatch.setattr(freeing, "version_infos", None)
    monkeypatch.setattr(freeing, "log_first_seq", None)
    assert files_free(document_id=log.document_id, apply=True) == FilesFreed()
    assert attachments_count(document_id=log.document_id) == 0
