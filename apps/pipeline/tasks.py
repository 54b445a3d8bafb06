"""Celery tasks that beat starts: relay, sweep and old excerpts. All are idempotent."""

from celery import shared_task
from django.conf import settings

from apps.oplog.publisher import shared_publisher
from apps.pipeline import beat_heartbeat, old_excerpts, relay, sweep
from apps.pipeline.snapshot_policy import SnapshotPolicy

#: Documents of one sweep, at most.
SWEEP_MAX_DOCUMENTS = 100
#: Old documents that get their excerpt in one run: some seconds of work.
EXCERPTS_MAX_DOCUMENTS = 500


@shared_task(name="pipeline.relay", expires=30)  # type: ignore[untyped-decorator]
def relay_unpublished() -> int:
    """Publish operations that Kafka has not confirmed; return how many."""
    beat_heartbeat.heartbeat_store()
    return relay.relay_unpublished(shared_publisher())


@shared_task(name="pipeline.sweep", expires=60)  # type: ignore[untyped-decorator]
def sweep_behind() -> int:
    """Process from the log what workers did not get from Kafka; return how many documents."""
    policy = SnapshotPolicy(**settings.SNAPSHOT_POLICY)
    return sweep.sweep(policy, older_than_s=settings.SWEEP_AFTER_S, limit=SWEEP_MAX_DOCUMENTS)


@shared_task(name="pipeline.excerpts", expires=3600)  # type: ignore[untyped-decorator]
def add_old_excerpts() -> int:
    """Store the excerpts of documents from before there were any; return how many."""
    return old_excerpts.excerpts_add(limit=EXCERPTS_MAX_DOCUMENTS)
