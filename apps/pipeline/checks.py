"""Whether workers and beat are there (``manage.py check --services``)."""

from celery import current_app
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from kombu.exceptions import OperationalError

from apps.core import clock
from apps.core.service_checks import service_check
from apps.pipeline.beat_heartbeat import beat_seen_find

#: How long workers may take to answer, in seconds.
ANSWER_WAIT_S = 2.0
#: Beat starts the relay every few seconds: after so many times without it something is wrong.
TIMES_MISSED = 12


@service_check
def workers_check(**_: object) -> list[CheckMessage]:
    """Warn where no worker answers."""
    try:
        answers = current_app.control.ping(timeout=ANSWER_WAIT_S)
    except OperationalError:
        return []  # Redis is away: ``reachable_check`` tells it
    if answers:
        return []
    words = "No worker answers: snapshots grow old, and documents open more slowly."
    hint = "Start one (celery -A config worker), with the same CELERY_BROKER_URL."
    return [checks.Warning(words, hint=hint, id="pipeline.W101")]


@service_check
def beat_check(**_: object) -> list[CheckMessage]:
    """Warn where nothing that beat starts has run for a while."""
    seen_at = beat_seen_find()
    relay_s = float(settings.CELERY_BEAT_SCHEDULE["relay"]["schedule"])
    hint = "Start beat (celery -A config beat), exactly one, and a worker."
    if seen_at is None:
        words = "What beat starts has never run."
        return [checks.Warning(words, hint=hint, id="pipeline.W102")]
    age_s = (clock.now() - seen_at).total_seconds()
    if age_s <= TIMES_MISSED * relay_s:
        return []
    words = f"What beat starts every {relay_s:g} s has not run for {age_s:.0f} s."
    return [checks.Warning(words, hint=hint, id="pipeline.W102")]
