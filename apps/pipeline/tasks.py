"""Celery tasks: relay, sweep and retention, which beat starts, and the mending. All idempotent."""

from celery import shared_task
from django.conf import settings

from apps.oplog.publisher import shared_publisher
from apps.pipeline import rebuild, relay, retention, seen, sweep
from apps.pipeline.policy import SnapshotPolicy

#: Documents of one sweep.
SWEEP_DOCUMENTS = 100


@shared_task(name="pipeline.relay", expires=30)  # type: ignore[untyped-decorator]
def relay_unpublished() -> int:
    """Publish what the servers could not; return how many operations."""
    seen.beat_seen_put()
    return relay.relay_unpublished(shared_publisher())


@shared_task(name="pipeline.sweep", expires=60)  # type: ignore[untyped-decorator]
def sweep_behind() -> int:
    """Bring documents that the workers missed up to their heads; return how many."""
    policy = SnapshotPolicy(**settings.SNAPSHOT_POLICY)
    return sweep.sweep(policy, older_than_s=settings.SWEEP_AFTER_S, limit=SWEEP_DOCUMENTS)


@shared_task(name="pipeline.mend_version", expires=600)  # type: ignore[untyped-decorator]
def mend_version(document_id: str, number: int) -> bool:
    """Make a damaged version anew from the log; tell whether that was done."""
    return rebuild.version_mend(document_id=document_id, number=number)


@shared_task(name="pipeline.retention", expires=3600)  # type: ignore[untyped-decorator]
def retain_documents() -> int:
    """Let go of all documents what age lets go; return how many versions."""
    return sum(len(retained.dropped) for retained in retention.documents_retain())
