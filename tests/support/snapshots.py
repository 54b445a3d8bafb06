"""What is in the cache of snapshots."""

from apps.history.cache import snapshot_find
from apps.history.snapshot import Snapshot


def cached_snapshot(document_id: str) -> Snapshot | None:
    """Return a document's snapshot in Redis; raise when it is damaged."""
    packed = snapshot_find(document_id=document_id)
    return None if packed is None else Snapshot.unpack(packed)
