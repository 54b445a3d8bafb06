"""Celery task that beat starts: the sweep of files that no document has. Idempotent."""

from celery import shared_task
from django.conf import settings

from apps.attachments import sweep


@shared_task(name="attachments.sweep", expires=3600)  # type: ignore[untyped-decorator]
def sweep_files() -> int:
    """Delete files that no document has; return how many."""
    return sweep.orphans_delete() if settings.ATTACHMENTS_URL else 0
