"""Celery tasks that beat starts: relay and sweep. Both are idempotent."""

from celery import shared_task
from django.conf import settings

from apps.oplog.publisher import shared_publisher
from apps.pipeline import beat_heartbeat, relay, sweep
from apps.pipeline.snapshot_policy import SnapshotPolicy

#: Documents of one sweep.
SWEEP_DOCUMENTS = 100


@shared_task(name="pipeline.relay", expires=30)  # type: ignore[untyped-decorator]
def relay_unpublished() -> int:
    """Publish what the servers could not; return how many operations."""
    beat_heartbeat.beat_seen_put()
    return relay.relay_unpublished(shared_publisher())


@shared_task(name="pipeline.sweep", expires=60)  # type: ignore[untyped-decorator]
def sweep_behind() -> int:
    """Bring documents that the workers missed up to their heads; return how many."""
    policy = SnapshotPolicy(**settings.SNAPSHOT_POLICY)
    return sweep.sweep(policy, older_than_s=settings.SWEEP_AFTER_S, limit=SWEEP_DOCUMENTS)
