"""Archives of compacted documents: export, import, and files that are refused."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from apps.core import ids
from apps.documents.models import Document
from apps.documents.selectors import document_get
from apps.history.authorship import document_authorship
from apps.history.models import version_rows
from apps.history.recovery import document_load
from apps.history.selectors import version_infos
from apps.maintenance.compaction import document_compact
from apps.oplog.compaction_point import compaction_point_delete, log_first_seq
from apps.oplog.models import compacted_rows, compaction_point_rows, operation_rows
from apps.oplog.selectors import head_seq, writes_since
from tests.accounts.factories import make_user
from tests.maintenance.archive.files import Change, changed, lines_of, remove, without
from tests.maintenance.commands import run, stored
from tests.support.old_logs import OldLog

pytestmark = pytest.mark.django_db


@pytest.fixture
def compacted(tmp_path: Path) -> Iterator[tuple[OldLog, Path]]:
    """Return a document with a compacted log, and its file."""
    log = OldLog([make_user(may_create=True), make_user()])
    for _ in range(3):
        log.write_many(4)
        log.keep()
    log.write_many(2, age=timedelta(days=1))
    log.store()
    with override_settings(COMPACT_DROP_AFTER_S=0.0):
        for _ in range(2):
            document_compact(
                document_id=log.document_id, after_days=30, apply=True, min_operations=1
            )
    path = tmp_path / "compacted"
    assert run("export_document", log.document_id, path).only["packed"] == 12
    yield log, path
    remove(log.document_id)
    compaction_point_delete(document_id=log.document_id)


def seen(document_id: str) -> list[Any]:
    """Return everything that clients can read of a document."""
    pieces = document_authorship(document_id=document_id, lineage=ids.new_id()).pieces
    return [
        document_load(document_id=document_id).engine.encode(),
        [(piece.text, piece.origin) for piece in pieces],
        writes_since(document_id=document_id, after=0, limit=100),
        version_infos(document_id=document_id),
        log_first_seq(document_id=document_id),
        head_seq(document_id=document_id),
    ]


def test_compacted_document_is_imported_completely(compacted: tuple[OldLog, Path]) -> None:
    """Under its id and as a copy: content, authors, versions and compaction point."""
    log, path = compacted
    before = seen(log.document_id)
    copy = run("import_document", path, "--new-id").only
    assert (copy["operations"], copy["packed"]) == (2, 12)
    assert seen(copy["document_id"]) == before
    assert run("verify_documents", copy["document_id"]).code == 0
    remove(log.document_id)
    compaction_point_delete(document_id=log.document_id)
    assert run("import_document", path).code == 0
    assert seen(log.document_id) == before
    assert run("verify_documents", log.document_id).code == 0
    document, _ = document_get(user=log.users[0], document_id=log.document_id)
    assert document.seq == 14


@pytest.mark.parametrize("killed_after", ["packed", "beginning", "additions"])
def test_killed_import_of_a_compacted_document_continues(
    compacted: tuple[OldLog, Path], killed_after: str
) -> None:
    """It recognises the rows that it left."""
    log, path = compacted
    before = seen(log.document_id)
    Document.objects(id=log.document_id).delete()
    where = {"document_id": log.document_id}
    operation_rows().delete_many(where)
    if killed_after == "packed":
        compaction_point_rows().delete_one({"_id": log.document_id})
    if killed_after == "additions":  # the exported log had got copies after its compaction
        update = {"$set": {"additions": 2}}
        compaction_point_rows().update_one({"_id": log.document_id}, update)
    assert run("import_document", path).code == 0
    assert seen(log.document_id) == before


def test_other_compacted_log_of_the_same_id_is_not_changed(compacted: tuple[OldLog, Path]) -> None:
    """The import is refused."""
    log, path = compacted
    Document.objects(id=log.document_id).delete()
    compaction_point_rows().update_one({"_id": log.document_id}, {"$set": {"number": 3}})
    before = stored(log.document_id)
    done = run("import_document", path)
    assert (done.code, done.only["error"]["code"]) == (2, "document_exists")
    assert stored(log.document_id) == before


BEGINNINGS: dict[str, Change] = {
    "no beginning": without("beginning"),
    "nothing packed": without("packed"),
    "a hole in what is packed": without("packed", 5),
    "an end of what is packed": without("packed", 11),
    "another place": lines_of("beginning", seq=11),
    "another version": lines_of("beginning", number=3),
    "another vector": lines_of("beginning", version_vector="AA=="),
    "damaged copies": lines_of("beginning", copies="AAAA"),
    "no vector": lines_of("beginning", version_vector=None),
    "no ranges": lines_of("packed", ranges=None),
    "one name": lines_of("packed", unique_id="the same"),
    "an operation of before": without("operation"),
    "no version to begin with": without("version", 3),
    "a version of 1": lines_of("header", version=1),
    "a beginning twice": lambda lines: [
        copy for line in lines for copy in ([line, line] if line[0] == "beginning" else [line])
    ],
}


@pytest.mark.parametrize("case", BEGINNINGS)
def test_compaction_point_that_does_not_match_is_refused(
    compacted: tuple[OldLog, Path], case: str
) -> None:
    """Nothing is written."""
    log, path = compacted
    remove(log.document_id)
    compaction_point_delete(document_id=log.document_id)
    done = run("import_document", changed(path, BEGINNINGS[case]))
    assert (done.code, done.only["error"]["code"]) == (2, "archive_broken")
    where = {"document_id": log.document_id}
    assert compacted_rows().count_documents(where) == version_rows().count_documents(where) == 0


def test_damaged_compacted_row_is_not_exported(
    compacted: tuple[OldLog, Path], tmp_path: Path
) -> None:
    """An error, and no file is written."""
    log, _ = compacted
    where = {"document_id": log.document_id}
    compacted_rows().update_one(where, {"$set": {"packed": b"damaged"}})
    done = run("export_document", log.document_id, tmp_path / "none")
    assert (done.code, done.only["error"]["code"]) == (2, "packed_damaged")
    assert not (tmp_path / "none").exists()
