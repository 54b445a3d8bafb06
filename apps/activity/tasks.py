"""Celery tasks, which beat starts: the trail follows the logs. Both are idempotent."""

from datetime import timedelta

from celery import shared_task

from apps.activity.session_tracker import writing_follow

#: How far back each of the two looks: the one that comes often, and the one for what it missed.
RECENT = timedelta(minutes=5)
LONG = timedelta(days=7)


@shared_task(name="activity.follow", expires=30)  # type: ignore[untyped-decorator]
def follow() -> int:
    """Take in what was written lately; return how many documents."""
    return writing_follow(edited_within=RECENT)


@shared_task(name="activity.sweep", expires=300)  # type: ignore[untyped-decorator]
def sweep() -> int:
    """Take in what the workers missed in the last days; return how many documents.

    An older document is found when it is edited.
    """
    return writing_follow(edited_within=LONG)
