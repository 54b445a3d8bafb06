"""Old logs to compact, their compaction, and what clients read of them."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import override_settings
from django_redis import get_redis_connection

from apps.history.attribution import _key
from apps.history.authorship import AttributedText, document_authorship
from apps.history.client_owners import ClientOwners, owners_of_log
from apps.history.selectors import version_infos
from apps.history.snapshot_cache import snapshot_forget
from apps.history.states import present_state, version_state
from apps.maintenance.compaction import Compacted, document_compact
from apps.oplog.models import operation_rows
from apps.oplog.selectors import LogWrite, writes_since
from tests.accounts.factories import make_user
from tests.support.old_logs import OldLog

DAYS = 30
FRESH = timedelta(days=1)


@pytest.fixture
def dropped_at_once() -> Iterator[None]:
    """Do not wait between the decision and the deletion."""
    with override_settings(COMPACT_DROP_AFTER_S=0.0):
        yield


@pytest.fixture
def log() -> OldLog:
    """Return twelve old operations with versions after 4, 8 and 12, and two fresh ones."""
    log = OldLog([make_user(may_create=True), make_user()])
    for _ in range(3):
        log.write_many(4)
        log.keep()
    log.write_many(2, age=FRESH)
    log.store()
    return log


def compact(log: OldLog, *, runs: int = 2, min_operations: int = 1) -> Compacted:
    """Compact: one run decides, and the next one deletes."""
    for _ in range(runs):
        done = document_compact(
            document_id=log.document_id, after_days=DAYS, apply=True, min_operations=min_operations
        )
    return done


def live(log: OldLog) -> list[int]:
    """Return what the log has."""
    rows = operation_rows().find({"document_id": log.document_id}, {"seq": 1}).sort("seq", 1)
    return [row["seq"] for row in rows]


def path(log: OldLog, rest: str = "") -> str:
    """Return an address below the document's."""
    return f"/api/v1/documents/{log.document_id}/{rest}"


@dataclasses.dataclass
class Seen:
    """Everything that clients can read of a document."""

    state: bytes
    vector: dict[int, int]
    pieces: list[AttributedText]
    writes: list[LogWrite]
    versions: dict[int, bytes]
    version_pieces: dict[int, list[AttributedText]]
    #: The owners of the client ids, from the log.
    owners: ClientOwners


def look(log: OldLog) -> Seen:
    """Read the document, without the caches in Redis."""
    document_id, lineage = log.document_id, log.document.lineage

    def pieces(seq: int | None) -> list[AttributedText]:
        get_redis_connection("default").delete(_key(document_id, lineage, set()))
        return document_authorship(document_id=document_id, lineage=lineage, seq=seq).pieces

    snapshot_forget(document_id=document_id)
    present = present_state(document_id=document_id)
    places = version_infos(document_id=document_id)
    return Seen(
        state=present.state,
        vector=present.vector,
        pieces=pieces(None),
        writes=writes_since(document_id=document_id, after=0, limit=10_000),
        versions={
            number: version_state(document_id=document_id, number=number).state
            for _, number in places
        },
        version_pieces={number: pieces(seq) for seq, number in places},
        owners=owners_of_log(document_id=document_id, up_to=present.seq),
    )
