"""Archives: export, import, and files that are refused."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.accounts.selectors import abilities_get
from apps.core import base64, ids
from apps.core.errors import ConflictError
from apps.documents.models import Document
from apps.documents.selectors import document_get
from apps.documents.services import HistoryChanges, document_history_set
from apps.history.client_owners import owners_decode, owners_of_log
from apps.history.models import version_rows
from apps.history.recovery import document_load
from apps.history.snapshot import Snapshot
from apps.maintenance.archive import importer
from apps.maintenance.archive.codec import encode_history
from apps.maintenance.archive.file import Line
from apps.oplog.bulk import operations_write
from apps.oplog.models import operation_rows
from apps.oplog.operation import Operation
from apps.oplog.quarantine import edit_quarantine
from apps.oplog.selectors import operations_since
from tests.accounts.factories import make_user
from tests.documents.factories import make_document
from tests.maintenance.archive.files import Change, changed, lines_of, remove, without
from tests.maintenance.commands import run, run_in_words, stored
from tests.maintenance.integrity.test_verify_and_rebuild import flip_version, foreign
from tests.support.operations import Scribe
from tests.support.stored_logs import Store, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    """Return the owner of the document."""
    return make_user(may_create=True)


@pytest.fixture
def scribe(owner: User, store: Store) -> Iterator[Scribe]:
    """Return a document of eight operations, two versions and one edit in quarantine."""
    document = make_document(owner, title="Ünïcode 🖋")
    scribe = Scribe(document.id, author_id=str(owner.pk))
    store(scribe.write_many(6))
    work_off(document.id)
    store(scribe.write_many(2))
    kept = Operation(document.id, 0, "kept", "4711", document.created_at, b"\x00", b"\x00\x00")
    edit_quarantine(kept, ConflictError("Broken."))
    yield scribe
    remove(document.id)


@pytest.fixture
def file(scribe: Scribe, tmp_path: Path) -> Path:
    """Return the document's file."""
    path = tmp_path / "a document.scriptorium"
    done = run("export_document", scribe.document_id, path)
    assert done.code == 0, done
    return path


def test_document_is_imported_completely_under_its_id(
    scribe: Scribe, file: Path, owner: User
) -> None:
    """Entity, log, versions, quarantine and owner are as before."""
    document_id = scribe.document_id
    before = operations_since(document_id=document_id, after=0)
    versions = version_rows().count_documents({"document_id": document_id})
    document, _ = document_get(user=owner, document_id=document_id)
    remove(document_id)
    facts = run("import_document", file).only
    assert facts == {
        "document_id": document_id,
        "title": "Ünïcode 🖋",
        "owner": owner.username,
        "dry_run": False,
        "operations": 8,
        "packed": 0,
        "versions": versions,
        "quarantined": 1,
        "files": 0,
        "unknown_authors": ["user 4711"],
    }
    assert operations_since(document_id=document_id, after=0) == before
    again, abilities = document_get(user=owner, document_id=document_id)
    assert abilities.manage_owner
    assert (again.title, again.lineage, again.seq) == (document.title, document.lineage, 8)
    assert (again.created_at, again.unpublished) == (document.created_at, True)
    assert document_load(document_id=document_id).engine.encode() == scribe.doc.get_update()
    assert run("verify_documents", document_id).code == 0
    assert len(run("quarantine", "list", "--document", document_id).printed) == 2


def test_history_settings_are_imported(scribe: Scribe, owner: User, tmp_path: Path) -> None:
    """Set or unset; an older file without them imports as unset."""
    expected: HistoryChanges = {
        "viewers_may_look": False,
        "compact_after_days": 90,
        "keep": {"all_s": 1, "hourly_s": 2, "daily_s": 3},
    }
    unset: HistoryChanges = {"viewers_may_look": True, "compact_after_days": None, "keep": None}
    for number, changes in enumerate((unset, expected)):
        document_history_set(user=owner, document_id=scribe.document_id, changes=changes)
        file = tmp_path / f"{number}"
        assert run("export_document", scribe.document_id, file).code == 0
        remove(scribe.document_id)
        assert run("import_document", file).code == 0
        document, _ = document_get(user=owner, document_id=scribe.document_id)
        assert encode_history(document) == changes
    remove(scribe.document_id)
    assert run("import_document", changed(file, _without_history)).code == 0
    document, _ = document_get(user=owner, document_id=scribe.document_id)
    assert encode_history(document) == unset


def _without_history(lines: list[Line]) -> list[Line]:
    (_, header), *rest = lines
    del header["document"]["history"]
    return [("header", header), *rest]


def test_copy_is_imported_beside_its_original(scribe: Scribe, file: Path) -> None:
    """With another id and another owner; the original is unchanged."""
    before = stored(scribe.document_id)
    other = make_user()
    facts = run("import_document", file, "--new-id", "--owner", other.username).only
    copy = facts["document_id"]
    assert copy != scribe.document_id
    assert abilities_get(user=other, document_id=copy).manage_owner
    assert document_load(document_id=copy).engine.encode() == scribe.doc.get_update()
    assert run("verify_documents", copy).code == 0
    assert stored(scribe.document_id) == before


def test_client_ids_belong_to_the_accounts_here(scribe: Scribe, file: Path, owner: User) -> None:
    """Of the author's name, as the operations do; in the log and in the snapshots."""
    other, client = make_user(), scribe.doc.client_id
    names = lines_of("authors", **{str(owner.pk): other.username})
    facts = run("import_document", changed(file, names), "--new-id").only
    copy = facts["document_id"]
    expected = {client: str(other.pk)}
    [row, *_] = version_rows().find({"document_id": copy, "seq": 6})
    snapshot = Snapshot.decode(row["snapshot"])
    assert owners_decode(snapshot.owners, snapshot.vector) == expected
    assert document_load(document_id=copy).owners == expected
    assert owners_of_log(document_id=copy, up_to=8) == expected
    assert run("verify_documents", copy).code == 0
    remove(copy)


def test_dry_runs_write_nothing(scribe: Scribe, file: Path, tmp_path: Path) -> None:
    """Neither a file nor a row."""
    path = tmp_path / "other"
    facts = run("export_document", scribe.document_id, path, "--dry-run").only
    assert (facts["operations"], path.exists()) == (8, False)
    remove(scribe.document_id)
    before = stored(scribe.document_id)
    facts = run("import_document", file, "--dry-run").only
    assert (facts["document_id"], facts["operations"]) == (scribe.document_id, 8)
    assert stored(scribe.document_id) == before
    assert "would be document" in run_in_words("import_document", file, "--dry-run")


def test_file_is_readable_by_its_owner_only_and_never_overwritten(
    scribe: Scribe, file: Path
) -> None:
    """It has everything that was ever written in the document."""
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    done = run("export_document", scribe.document_id, file)
    assert (done.code, done.only["error"]["code"]) == (2, "file_exists")
    assert file.read_bytes() == before
    done = run("export_document", scribe.document_id, file.parent / "nowhere" / "file")
    assert (done.code, done.only["error"]["code"]) == (2, "file")


def test_damage_is_not_exported(scribe: Scribe, tmp_path: Path) -> None:
    """An import would refuse it: the error comes before a file is written."""
    flip_version(scribe.document_id)
    done = run("export_document", scribe.document_id, tmp_path / "file")
    assert (done.code, done.only["error"]["code"]) == (2, "not_exportable")
    assert "rebuild_document" in done.error
    assert list(tmp_path.iterdir()) == []
    operation_rows().delete_one({"document_id": scribe.document_id, "seq": 7})
    run("rebuild_document", scribe.document_id)
    done = run("export_document", scribe.document_id, tmp_path / "file")
    assert done.code == 2
    assert list(tmp_path.iterdir()) == []


def test_existing_document_is_not_changed(scribe: Scribe, file: Path) -> None:
    """The error names --new-id."""
    before = stored(scribe.document_id)
    done = run("import_document", file)
    assert (done.code, done.only["error"]["code"]) == (2, "document_exists")
    assert "--new-id" in done.error
    Document.objects(id=scribe.document_id).delete()
    operation_rows().update_one(
        {"document_id": scribe.document_id, "seq": 5}, {"$set": {"unique_id": "another"}}
    )
    done = run("import_document", file)
    assert (done.code, done.only["error"]["code"]) == (2, "document_exists")
    assert "operation 5" in done.error
    assert stored(scribe.document_id) != before


def test_killed_import_continues_when_it_is_repeated(scribe: Scribe, file: Path) -> None:
    """Its rows were not visible; nothing has to be cleaned up."""
    document_id = scribe.document_id
    written = operations_since(document_id=document_id, after=0)
    remove(document_id)
    list(operations_write(written[:5]))
    assert run("import_document", file).code == 0
    assert operations_since(document_id=document_id, after=0) == written
    assert run("verify_documents", document_id).code == 0


def test_failed_import_leaves_nothing(
    scribe: Scribe, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step fails: the rows of the others are deleted."""
    remove(scribe.document_id)
    before = stored(scribe.document_id)

    def fail(*_args: object, **_options: object) -> None:
        raise ConflictError("No more.")

    monkeypatch.setattr(importer, "document_adopt", fail)
    assert run("import_document", file).code == 2
    assert stored(scribe.document_id) == before


def test_owner_without_an_account_is_named(scribe: Scribe, file: Path, owner: User) -> None:
    """Without an owner the document would be visible to nobody."""
    remove(scribe.document_id)
    owner.is_active = False
    owner.save()
    for words in ([], ["--owner", "nobody-of-this-name"]):
        done = run("import_document", file, *words)
        assert (done.code, done.only["error"]["code"]) == (2, "unknown_subject")
        assert "--owner" in done.error


BYTES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "text": lambda data: b"hello",
    "cut off": lambda data: data[: len(data) // 2],
    "bit flipped": lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
    "not packed": gzip.decompress,
    "something behind it": lambda data: data + gzip.compress(b'{"more":1}\n'),
    "last line cut": lambda data: gzip.compress(
        b"".join(gzip.decompress(data).splitlines(keepends=True)[:-1])
    ),
    "a line twice": lambda data: gzip.compress(_twice(gzip.decompress(data))),
    "no JSON": lambda data: gzip.compress(b"{\n"),
    "a list": lambda data: gzip.compress(b"[1]\n"),
    "too long a line": lambda data: gzip.compress(b"x" * (33 * 1024 * 1024)),
}


def _twice(data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join([*lines[:3], lines[2], *lines[3:]])


@pytest.mark.parametrize("damage", BYTES)
def test_file_that_is_not_what_was_written_is_refused(
    scribe: Scribe, file: Path, damage: str
) -> None:
    """For every kind of damage; nothing is imported."""
    remove(scribe.document_id)
    before = stored(scribe.document_id)
    broken = file.with_name("broken")
    broken.write_bytes(BYTES[damage](file.read_bytes()))
    done = run("import_document", broken)
    assert (done.code, done.only["error"]["code"]) == (2, "archive_broken")
    assert stored(scribe.document_id) == before


def _with_history(lines: list[Line], changes: dict[str, Any] | None) -> list[Line]:
    (_, header), *rest = lines
    document = header["document"]
    history = None if changes is None else {**document["history"], **changes}
    return [("header", {**header, "document": {**document, "history": history}}), *rest]


CONTENT: dict[str, Change] = {
    "another format": lines_of("header", format="zip"),
    "another version": lines_of("header", version=3),
    "the version of a compacted log": lines_of("header", version=2),
    "no document": lines_of("header", document={}),
    "a bad id": lines_of("header", document={"id": "../x", "title": "", "lineage": ""}),
    "an odd history": lambda lines: _with_history(lines, {"viewers_may_look": 1}),
    "a history that makes no sense": lambda lines: _with_history(
        lines, {"keep": {"all_s": 3, "hourly_s": 2, "daily_s": 1}}
    ),
    "too many days": lambda lines: _with_history(lines, {"compact_after_days": -1}),
    "no history": lambda lines: _with_history(lines, None),
    "no header": without("header"),
    "an operation missing": without("operation", 3),
    "the first missing": without("operation"),
    "no authors": without("authors"),
    "unnamed authors": lambda lines: [
        (kind, {} if kind == "authors" else body) for kind, body in lines
    ],
    "unknown kind": lambda lines: [*lines, ("extra", {})],
    "no unique ids": lines_of("operation", unique_id="same"),
    "bad base64": lines_of("operation", update="!"),
    "no update": lines_of("operation", update="//8="),
    "another vector": lines_of("operation", version_vector="AQUB"),
    "a moment without a zone": lines_of("operation", received_at="2026-01-01T00:00:00"),
    "a true seq": lines_of("operation", seq=True),
    "another version's number": lines_of("version", number=1),
    "a version of nothing": lines_of("version", packed=""),
    "a version of another document": lambda lines: [
        (kind, {**body, "packed": base64.encode(foreign(6))} if body.get("seq") == 6 else body)
        for kind, body in lines
    ],
    "a version at another seq": lines_of("version", seq=2),
    "an odd quarantine": lines_of("quarantined", seq="1"),
}


@pytest.mark.parametrize("case", CONTENT)
def test_inconsistent_content_is_refused(scribe: Scribe, file: Path, case: str) -> None:
    """Despite a correct checksum; nothing is imported."""
    remove(scribe.document_id)
    before = stored(scribe.document_id)
    done = run("import_document", changed(file, CONTENT[case]))
    assert (done.code, done.only["error"]["code"]) == (2, "archive_broken"), done
    assert stored(scribe.document_id) == before


def test_missing_file_and_missing_document_are_named(tmp_path: Path) -> None:
    """With a message, without a traceback."""
    done = run("import_document", tmp_path / "nothing")
    assert (done.code, done.only["error"]["code"]) == (2, "file")
    missing = ids.new_id()
    done = run("export_document", missing, tmp_path / "file")
    assert (done.code, done.only["error"]["code"]) == (2, "document_not_found")


def test_trashed_empty_document_is_exported_and_imported(owner: User, tmp_path: Path) -> None:
    """Without operations, with its initial version, and still in the trash."""
    document = make_document(owner)
    document.update(set__trashed=True, set__trashed_at=document.created_at)
    run("export_document", document.id, tmp_path / "file")
    remove(document.id)
    facts = run("import_document", tmp_path / "file").only
    assert (facts["operations"], facts["versions"]) == (0, 1)
    again = Document.objects.get(id=document.id)
    assert (again.trashed, again.trashed_at) == (True, document.created_at)
    assert run("verify_documents", document.id).code == 0
