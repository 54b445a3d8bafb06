"""Celery tasks, started by beat, that bring the trail up to the logs. All are idempotent."""

from datetime import timedelta

from celery import shared_task

from apps.activity.account_events import account_events_delete_old
from apps.activity.session_tracker import writing_follow

#: Documents edited within this time are read: by the frequent task, and by the one that
#: catches up on documents that the frequent one has missed.
FOLLOW_WINDOW = timedelta(minutes=5)
SWEEP_WINDOW = timedelta(days=7)


@shared_task(name="activity.follow", expires=30)  # type: ignore[untyped-decorator]
def follow() -> int:
    """Read the logs of the documents edited lately; return how many documents."""
    return writing_follow(edited_within=FOLLOW_WINDOW)


@shared_task(name="activity.sweep", expires=300)  # type: ignore[untyped-decorator]
def sweep() -> int:
    """Read the logs that the workers missed in the last days; return how many documents.

    A document that was edited longer ago is found when it is edited again.
    """
    return writing_follow(edited_within=SWEEP_WINDOW)


@shared_task(name="activity.delete_old_account_events", expires=3600)  # type: ignore[untyped-decorator]
def delete_old_account_events() -> int:
    """Delete events of accounts older than ``ACCOUNT_EVENTS_DAYS``; return how many."""
    return account_events_delete_old()
