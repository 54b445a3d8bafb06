"""Compaction and archives keep who wrote first what was brought back (ADR 0016)."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from apps.collab.services import Submitted
from apps.core import ids
from apps.core.errors import TransientError
from apps.crdt.codec.copy_map import CopiedRange
from apps.documents.models import Document
from apps.history.authorship import document_authorship
from apps.maintenance import compaction
from apps.oplog.compaction_point import compaction_point_delete, log_first_seq
from apps.oplog.models import compaction_point_rows
from tests.accounts.clients import bearer
from tests.accounts.factories import make_user
from tests.maintenance.archive.files import remove
from tests.maintenance.commands import run
from tests.maintenance.compacting import FRESH, compact, live, look
from tests.support.old_logs import OldLog

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("dropped_at_once")]

ADA, GRACE = 0, 1


@pytest.fixture
def log() -> Iterator[OldLog]:
    """Return a log in which Ada brought back Grace's words before the compaction and after it.

    The content of both words is deleted by the state at the compaction point.
    """
    log = OldLog([make_user(may_create=True), make_user()])
    first = log.clock(GRACE)
    log.write(GRACE, 0, "early late")
    log.write(ADA, 0, "", delete=10)
    copied = CopiedRange(ADA + 1, log.clock(ADA), 5, GRACE + 1, first)
    log.write(ADA, 0, "early", copies=[copied])
    log.keep()
    copied = CopiedRange(ADA + 1, log.clock(ADA), 5, GRACE + 1, first + 5)
    log.write(ADA, 5, " late", age=FRESH, copies=[copied])
    log.write(ADA, 10, "!", age=FRESH)
    log.store()
    yield log
    remove(log.document_id)
    compaction_point_delete(document_id=log.document_id)


def authors(document_id: str, users: list[int], seq: int | None = None) -> list[tuple[str, int]]:
    """Return the text with the positions of its authors; without the cached index."""
    found = document_authorship(document_id=document_id, lineage=ids.new_id(), seq=seq)
    return [(piece.text, users.index(int(piece.origin.author_id))) for piece in found.pieces]


EXPECTED = [("early late", GRACE), ("!", ADA)]


@pytest.fixture
def deleted() -> Iterator[OldLog]:
    """Return a log with a version of Grace's words, which Ada deleted before the compaction."""
    log = OldLog([make_user(may_create=True), make_user()])
    log.write(GRACE, 0, "Grace wrote this")
    log.keep()
    log.write(ADA, 0, "", delete=16)
    log.keep()
    log.write(ADA, 0, "new ", age=FRESH)
    log.store()
    yield log
    remove(log.document_id)
    compaction_point_delete(document_id=log.document_id)


def restore(log: OldLog, number: int) -> int:
    """Restore a version as Ada; return the status."""
    path = f"/api/v1/documents/{log.document_id}/versions/{number}/restore/"
    return int(bearer(log.users[ADA]).post(path, {}, format="json").status_code)


@pytest.mark.parametrize("is_compacted", [False, True])
def test_restored_version_is_the_first_writers(
    deleted: OldLog, monkeypatch: pytest.MonkeyPatch, *, is_compacted: bool
) -> None:
    """Also where the log has no longer what the version shows."""
    submit = partial(submit_to_log, deleted)
    monkeypatch.setattr("apps.edits.restore.operation_submit", submit)
    users = [user.pk for user in deleted.users]
    assert joined(authors(deleted.document_id, users)) == [("new ", ADA)]
    if is_compacted:
        compact(deleted)
        assert log_first_seq(document_id=deleted.document_id) == 3
    assert restore(deleted, 2) == 201
    expected = [("Grace wrote this", GRACE)]
    assert joined(authors(deleted.document_id, users)) == expected
    [point] = compaction_point_rows().find({"_id": deleted.document_id}) if is_compacted else [{}]
    assert bool(point.get("copies")) is is_compacted


def test_copies_that_nobody_knows_stay_the_senders(deleted: OldLog) -> None:
    """A page undoes what was deleted before the compaction: the log cannot check it."""
    users = [user.pk for user in deleted.users]
    compact(deleted)
    copied = CopiedRange(ADA + 1, deleted.clock(ADA), 16, GRACE + 1, 0)
    deleted.write(ADA, 0, "Grace wrote this", age=FRESH, copies=[copied])
    deleted.store()
    found = joined(authors(deleted.document_id, users))
    assert found == [("Grace wrote thisnew ", ADA)]


def joined(pieces: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Join neighbours of one author: they are of several operations."""
    found: list[tuple[str, int]] = []
    for text, who in pieces:
        if found and found[-1][1] == who:
            found[-1] = found[-1][0] + text, who
        else:
            found.append((text, who))
    return found


def test_compaction_keeps_first_writers(log: OldLog) -> None:
    """Of what was brought back before the compaction point, and after it."""
    users = [user.pk for user in log.users]
    before = look(log)
    assert joined(authors(log.document_id, users)) == EXPECTED
    compact(log)
    assert log_first_seq(document_id=log.document_id) == 4
    assert joined(authors(log.document_id, users)) == EXPECTED
    assert authors(log.document_id, users, seq=3) == [("early", GRACE)]
    assert look(log) == before


def test_index_that_was_cached_before_the_compaction_is_extended(log: OldLog) -> None:
    """The copies after the compaction point were checked before it."""
    users = [user.pk for user in log.users]
    document_id, lineage = log.document_id, ids.new_id()
    document_authorship(document_id=document_id, lineage=lineage, seq=3)
    compact(log)
    found = document_authorship(document_id=document_id, lineage=lineage)
    pieces = [(piece.text, users.index(int(piece.origin.author_id))) for piece in found.pieces]
    assert joined(pieces) == EXPECTED


@pytest.mark.parametrize("compactions", [0, 1])
def test_restore_during_the_decision_keeps_first_writers(
    deleted: OldLog, monkeypatch: pytest.MonkeyPatch, compactions: int
) -> None:
    """At the first compaction, and at a later one: its list was read before the restore."""
    users = [user.pk for user in deleted.users]
    age_again(deleted, compactions)
    check, statuses = compaction._check_copies, list[int]()
    submit = partial(submit_to_log, deleted)
    monkeypatch.setattr("apps.edits.restore.operation_submit", submit)

    def check_and_restore(*args: Any) -> None:
        check(*args)
        if not statuses:
            statuses.append(restore(deleted, 2))

    monkeypatch.setattr(compaction, "_check_copies", check_and_restore)
    compact(deleted, runs=1)
    assert statuses == [201]
    assert joined(authors(deleted.document_id, users)) == [("Grace wrote this", GRACE)]
    compact(deleted)
    assert 1 not in live(deleted)
    assert joined(authors(deleted.document_id, users)) == [("Grace wrote this", GRACE)]


def test_restore_whose_process_dies_during_a_compaction_keeps_first_writers(
    deleted: OldLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its copies were added to the compaction point before the one that follows."""
    users = [user.pk for user in deleted.users]
    age_again(deleted, 1)

    def compact_and_submit(**arguments: Any) -> None:
        compact(deleted, runs=1)
        submit_to_log(deleted, **arguments)
        raise TransientError("the process dies")

    monkeypatch.setattr("apps.edits.restore.operation_submit", compact_and_submit)
    assert restore(deleted, 2) == 503
    assert log_first_seq(document_id=deleted.document_id) == 5
    assert joined(authors(deleted.document_id, users)) == [("Grace wrote this", GRACE)]


def test_compaction_that_dies_after_its_decision_keeps_first_writers(
    deleted: OldLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run adds the copies that came meanwhile, before it deletes their sources."""
    users = [user.pk for user in deleted.users]
    check, add_later = compaction._check_copies, compaction._add_later_copies
    submit = partial(submit_to_log, deleted)
    monkeypatch.setattr("apps.edits.restore.operation_submit", submit)

    def check_and_restore(*args: Any) -> None:
        check(*args)
        assert restore(deleted, 2) == 201

    def die(*_: Any) -> None:
        raise TransientError("the process dies")

    monkeypatch.setattr(compaction, "_check_copies", check_and_restore)
    monkeypatch.setattr(compaction, "_add_later_copies", die)
    with pytest.raises(TransientError):
        compact(deleted, runs=1)
    monkeypatch.setattr(compaction, "_check_copies", check)
    monkeypatch.setattr(compaction, "_add_later_copies", add_later)
    assert joined(authors(deleted.document_id, users)) == [("Grace wrote this", ADA)]
    compact(deleted, runs=1)
    assert 1 not in live(deleted)
    assert joined(authors(deleted.document_id, users)) == [("Grace wrote this", GRACE)]


def submit_to_log(log: OldLog, *, update: bytes, copies: bytes, **_: Any) -> Submitted:
    """Submit an edit of Ada without a room: what counts here is when the log has it."""
    log.apply(ADA, update, copies)
    return Submitted(log.seq, duplicate=False)


def age_again(log: OldLog, compactions: int) -> None:
    """Compact a log so often, and write what the next compaction needs."""
    for _ in range(compactions):
        compact(log)
        log.write(ADA, 0, "old ")
        log.keep()
        log.write(ADA, 0, "fresh ", age=FRESH)
        log.store()


@pytest.mark.parametrize("is_compacted", [False, True])
def test_archive_keeps_first_writers(log: OldLog, tmp_path: Path, *, is_compacted: bool) -> None:
    """Of a compacted log, and of one that is not."""
    users = [user.pk for user in log.users]
    if is_compacted:
        compact(log)
    path = tmp_path / "file"
    run("export_document", log.document_id, path)
    Document.objects(id=log.document_id).delete()
    remove(log.document_id)
    compaction_point_delete(document_id=log.document_id)
    run("import_document", path)
    assert joined(authors(log.document_id, users)) == EXPECTED
