"""The snapshots in the cache."""

from apps.history.snapshot import Snapshot
from apps.history.snapshot_cache import snapshot_find


def cached_snapshot(document_id: str) -> Snapshot | None:
    """Return a document's snapshot in Redis; raise when it is damaged."""
    packed = snapshot_find(document_id=document_id)
    return None if packed is None else Snapshot.decode(packed)
