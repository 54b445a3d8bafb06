"""The cache of snapshots in Redis: only newer seqs, checked, and optional."""

from typing import Any

import pytest
from django_redis import get_redis_connection

from apps.core import ids
from apps.history.selectors import NOTHING, snapshots_iter
from apps.history.snapshot import Snapshot
from apps.history.snapshot_cache import snapshot_forget, snapshot_put
from tests.support.snapshots import cached_snapshot

#: Nothing listens there.
NOWHERE = "redis://127.0.0.1:1/0"


def snapshot(seq: int) -> Snapshot:
    """Return a snapshot that is identified by its seq."""
    return Snapshot(seq=seq, version_vector=b"\x00", state=b"\x00\x00")


@pytest.fixture
def document_id() -> str:
    """Return the id of a new document."""
    return ids.new_id()


@pytest.fixture
def redis_away(settings: Any) -> None:
    """Make Redis unavailable to this process, by an address where nothing listens."""
    options = {**settings.CACHES["default"], "LOCATION": NOWHERE}
    settings.CACHES = {**settings.CACHES, "default": options}


def test_cached_snapshot_is_found(document_id: str) -> None:
    """With an expiry, so that Redis stays bounded."""
    assert snapshot_put(document_id=document_id, snapshot=snapshot(3))
    assert cached_snapshot(document_id) == snapshot(3)
    client = get_redis_connection("default")
    for key in client.keys(f"*{document_id}*"):
        assert client.ttl(key) > 0


def test_older_snapshot_does_not_replace_a_newer_one(document_id: str) -> None:
    """A late worker changes nothing; the same seq again is allowed."""
    snapshot_put(document_id=document_id, snapshot=snapshot(3))
    assert not snapshot_put(document_id=document_id, snapshot=snapshot(2))
    assert snapshot_put(document_id=document_id, snapshot=snapshot(3))
    assert cached_snapshot(document_id) == snapshot(3)


def test_forgotten_snapshot_is_gone(document_id: str) -> None:
    """Nothing remains that would refuse an older one."""
    snapshot_put(document_id=document_id, snapshot=snapshot(5))
    snapshot_forget(document_id=document_id)
    assert cached_snapshot(document_id) is None
    assert snapshot_put(document_id=document_id, snapshot=snapshot(1))


@pytest.mark.usefixtures("redis_away")
def test_redis_away_is_a_cache_miss(document_id: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and no error."""
    assert not snapshot_put(document_id=document_id, snapshot=snapshot(1))
    assert list(snapshots_iter(document_id=document_id)) == [NOTHING]
    snapshot_forget(document_id=document_id)
    assert caplog.text.count(document_id) == 3
