"""Every kind of damage is found, reported, and repaired where the log has the answer."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django_redis import get_redis_connection

from apps.core import clock, ids
from apps.documents.models import Document, document_rows
from apps.history import snapshot_cache
from apps.history.client_owners import owners_encode
from apps.history.last_processed import processed_rows
from apps.history.models import version_rows
from apps.history.snapshot import Snapshot
from apps.oplog.compaction_point import CompactionPoint, compaction_point_advance
from apps.oplog.models import operation_rows
from apps.oplog.selectors import operations_since
from tests.maintenance.commands import Done, run, run_in_words, stored
from tests.support.operations import Scribe
from tests.support.snapshots import cached_snapshot
from tests.support.stored_logs import Store, Written

Damage = Callable[[str], object]


@pytest.fixture
def document_id(versioned: Scribe) -> str:
    """Return the id of a document with two versions and operations after them."""
    return versioned.document_id


def faults(done: Done) -> list[str]:
    """Return the codes that ``verify_documents`` found in one document."""
    return [fault["code"] for fault in done.printed[0]["faults"]]


def head(**values: object) -> Damage:
    """Change the row of *documents*."""
    return lambda key: document_rows().update_one({"_id": key}, {"$set": values})


def mark(**values: object) -> Damage:
    """Change *last_processed_version*."""
    return lambda key: processed_rows().update_one({"_id": key}, {"$set": values})


def operation(seq: int, **values: object) -> Damage:
    """Change a row of the log."""
    return lambda key: operation_rows().update_one(
        {"document_id": key, "seq": seq}, {"$set": values}
    )


def version(**values: object) -> Damage:
    """Change the version after the sixth operation."""
    return lambda key: version_rows().update_one({"document_id": key, "seq": 6}, {"$set": values})


def flipped(packed: bytes) -> bytes:
    """Return a snapshot with one bit flipped."""
    return packed[:60] + bytes([packed[60] ^ 1]) + packed[61:]


def flip_version(key: str) -> None:
    """Flip a bit of the version after the sixth operation."""
    row = version_rows().find_one({"document_id": key, "seq": 6})
    assert row is not None
    version(snapshot=flipped(bytes(row["snapshot"])))(key)


def lose_version(key: str) -> None:
    """Delete the bytes of a version."""
    version_rows().update_one({"document_id": key, "seq": 6}, {"$unset": {"snapshot": 1}})


def put_cached(key: str, packed: bytes) -> None:
    """Replace the snapshot in Redis by other bytes."""
    get_redis_connection("default").set(snapshot_cache._keys(key)[0], packed)


def flip_cached(key: str) -> None:
    """Flip a bit of the snapshot in Redis."""
    packed = snapshot_cache.snapshot_find(document_id=key)
    assert packed is not None
    put_cached(key, flipped(packed))


def foreign(seq: int) -> bytes:
    """Return a sound snapshot of another document."""
    scribe = Scribe()
    scribe.write_many(seq)
    return Snapshot(seq, scribe.doc.get_state(), scribe.doc.get_update()).encode()


#: Damage by the code of its fault, and a word where a fault has several causes.
MENDABLE: dict[str, Damage] = {
    "head_behind": head(seq=5),
    "head_ahead": head(seq=11),
    "head_vector": head(version_vector=b"\x01\x05\x01"),
    "head_vector without": head(version_vector=None),
    "head_vector with one client less": head(version_vector=b"\x00"),
    "published_ahead": head(published_seq=12),
    "unpublished_unmarked": head(unpublished=False),
    "processed_ahead": mark(seq=20),
    "processed_vector": mark(version_vector=b"\x01\x05\x01"),
    "operation_vector": operation(4, version_vector=b"\x01\x05\x01"),
    "version_damaged": flip_version,
    "version_wrong": version(size=3),
    "cache_damaged": flip_cached,
    "cache_wrong": lambda key: put_cached(key, foreign(6)),
    "cache_ahead": lambda key: put_cached(key, foreign(9)),
}


def test_sound_document_is_ok(document_id: str) -> None:
    """Also one whose last operations are not processed yet."""
    done = run("verify_documents", document_id)
    assert done.code == 0
    assert done.printed == [
        {
            "document_id": document_id,
            "operations": 8,
            "versions": 2,
            "files": 0,
            "faults": [],
            "untold": {},
            "notes": [],
        },
        {"documents": 1, "operations": 8, "versions": 2, "files": 0, "damaged": 0},
    ]
    assert "ok" in run_in_words("verify_documents", document_id)


@pytest.mark.parametrize("code", MENDABLE)
def test_damage_is_found_reported_and_repaired(document_id: str, code: str) -> None:
    """Verify and a dry run change nothing; rebuild leaves a sound document."""
    MENDABLE[code](document_id)
    code = code.split()[0]
    before = stored(document_id)
    done = run("verify_documents", document_id)
    assert (done.code, faults(done)) == (1, [code])
    dry_run = run("rebuild_document", document_id, "--dry-run")
    assert (dry_run.code, dry_run.only["dry_run"]) == (0, True)
    assert [fault["code"] for fault in dry_run.only["done"]["faults"]] == [code]
    assert stored(document_id) == before
    rebuilt = run("rebuild_document", document_id)
    assert (rebuilt.code, rebuilt.only["left"]["faults"]) == (0, [])
    assert rebuilt.only["done"] == dry_run.only["done"]
    assert faults(run("verify_documents", document_id)) == []


def test_version_of_another_document_and_lost_bytes_are_rebuilt(document_id: str) -> None:
    """A sound snapshot of another document is a fault, too."""
    version(snapshot=foreign(6))(document_id)
    assert faults(run("verify_documents", document_id)) == ["version_wrong"]
    assert run("rebuild_document", document_id).code == 0
    lose_version(document_id)
    assert faults(run("verify_documents", document_id)) == ["version_damaged"]
    assert run("rebuild_document", document_id).code == 0
    assert run("verify_documents", document_id).code == 0


def test_version_with_other_owners_of_client_ids_is_rebuilt(document_id: str) -> None:
    """A room that starts from it would let another person use the ids."""
    [row] = version_rows().find({"document_id": document_id, "seq": 6})
    snapshot = Snapshot.decode(row["snapshot"])
    owners = owners_encode(dict.fromkeys(snapshot.vector, "666"), snapshot.vector)
    version(snapshot=replace(snapshot, owners=owners).encode())(document_id)
    assert faults(run("verify_documents", document_id)) == ["version_wrong"]
    assert run("rebuild_document", document_id).code == 0
    [row] = version_rows().find({"document_id": document_id, "seq": 6})
    assert Snapshot.decode(row["snapshot"]) == snapshot


def test_version_ahead_of_the_log_is_reported_and_kept(document_id: str) -> None:
    """It may be all that is left of operations that the log lost."""
    version(seq=20)(document_id)
    assert faults(run("verify_documents", document_id))[0].startswith("version_")
    before = version_rows().count_documents({"document_id": document_id})
    done = run("rebuild_document", document_id)
    assert done.code == 1
    assert "remain" in done.error
    assert version_rows().count_documents({"document_id": document_id}) == before


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda key: operation_rows().delete_one({"document_id": key, "seq": 4}), "gap"),
        (lambda key: operation_rows().delete_one({"document_id": key, "seq": 1}), "gap"),
        (
            lambda key: operation_rows().update_one(
                {"document_id": key, "seq": 4}, {"$unset": {"update": 1}}
            ),
            "row_unreadable",
        ),
    ],
    ids=["hole", "no beginning", "no content"],
)
def test_broken_log_is_reported_and_nothing_is_rebuilt_from_it(
    document_id: str, damage: Damage, code: str
) -> None:
    """Rebuild refuses, and changes nothing."""
    damage(document_id)
    before = stored(document_id)
    done = run("verify_documents", document_id)
    assert done.code == 1
    assert code in faults(done)
    refused = run("rebuild_document", document_id)
    assert refused.code in {1, 2}
    assert stored(document_id) == before


@pytest.mark.usefixtures("few_documents")
def test_all_documents_or_a_sample_are_checked(document_id: str, written: Written) -> None:
    """One damaged document is named among all, and so is a log without a document."""
    flip_version(document_id)
    orphan, beginning = written(2).document_id, written(2).document_id
    compaction_point_advance(CompactionPoint(beginning, 2, 2, b"\x00", clock.now()))
    operation_rows().delete_many({"document_id": beginning})
    Document.objects(id__in=[orphan, beginning]).delete()
    done = run("verify_documents")
    found = {report["document_id"]: report for report in done.printed[:-1]}
    assert [fault["code"] for fault in found[document_id]["faults"]] == ["version_damaged"]
    assert [fault["code"] for fault in found[orphan]["faults"]] == ["no_entity"]
    assert "base_lost" in [fault["code"] for fault in found[beginning]["faults"]]
    assert done.printed[-1]["documents"] == len(found) >= 2
    assert done.code == 1
    assert run("verify_documents", "--sample", 1).printed[-1]["documents"] == 1
    for number in ("0", "-1", "x"):
        assert "not a number" in run("verify_documents", f"--sample={number}").error


@pytest.mark.parametrize("command", ["verify_documents", "rebuild_document", "recover_document"])
def test_unknown_document_is_named(command: str) -> None:
    """Without a traceback, and not with the exit code of damage."""
    missing = ids.new_id()
    done = run(command, missing)
    assert (done.code, done.only["error"]["code"]) == (2, "document_not_found")
    assert missing in done.error
    assert "not a document's id" in run(command, "x").error


@pytest.mark.parametrize("damage", [head(excerpt="Old", excerpt_seq=20), lambda key: None])
def test_excerpt_is_rebuilt_from_the_log(document_id: str, store: Store, damage: Damage) -> None:
    """Of a row that has none, and one from beyond the log; a dry run stores none."""
    scribe = Scribe(document_id)
    for operation in operations_since(document_id=document_id, after=0):
        scribe.doc.apply_update(operation.update)
    scribe.seq = 8
    store([scribe.write_paragraph("Dear Grace")])
    damage(document_id)
    before = stored(document_id)
    run("rebuild_document", document_id, "--dry-run")
    assert stored(document_id) == before
    run("rebuild_document", document_id)
    document = Document.objects.get(id=document_id)
    assert (document.excerpt, document.excerpt_seq) == ("Dear Grace", 9)


def test_excerpt_is_not_rebuilt_from_a_part_of_the_log(document_id: str) -> None:
    """A row that cannot be read ends the replay."""
    head(excerpt="Kept", excerpt_seq=8)(document_id)
    operation_rows().update_one({"document_id": document_id, "seq": 4}, {"$unset": {"update": 1}})
    run("rebuild_document", document_id)
    assert Document.objects.get(id=document_id).excerpt == "Kept"


def test_rebuilt_cache_is_that_of_the_log(document_id: str) -> None:
    """The snapshot in Redis is rebuilt at its own seq."""
    flip_cached(document_id)
    run("rebuild_document", document_id)
    cached = cached_snapshot(document_id)
    assert cached is not None
    assert cached.seq == 8
