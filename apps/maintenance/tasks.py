"""Celery tasks: retention, which beat starts, and the repair of a version. Both are idempotent.

Their names begin with ``pipeline.``: messages with these names may wait in the queue.
"""

from celery import shared_task

from apps.maintenance import retention
from apps.maintenance.integrity import repair


@shared_task(name="pipeline.mend_version", expires=600)  # type: ignore[untyped-decorator]
def repair_version(document_id: str, number: int) -> bool:
    """Rebuild a damaged version from the log; return whether it was rebuilt."""
    return repair.version_repair_from_log(document_id=document_id, number=number)


@shared_task(name="pipeline.retention", expires=3600)  # type: ignore[untyped-decorator]
def retain_documents() -> int:
    """Apply the retention policies of all documents; return how many versions were dropped."""
    return sum(len(retained.dropped) for retained in retention.documents_retain())
