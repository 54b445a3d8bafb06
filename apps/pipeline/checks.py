"""The checks of workers and beat (``manage.py check --services``)."""

from celery import current_app
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from kombu.exceptions import OperationalError

from apps.core import clock
from apps.core.service_checks import service_check
from apps.pipeline.beat_heartbeat import heartbeat_find

#: How long workers have to answer, in seconds.
ANSWER_WAIT_S = 2.0
#: Beat starts the relay every few seconds; after so many missed runs there is a warning.
MISSED_RUNS = 12


@service_check
def workers_check(**_: object) -> list[CheckMessage]:
    """Warn when no worker answers."""
    try:
        answers = current_app.control.ping(timeout=ANSWER_WAIT_S)
    except OperationalError:
        return []  # Redis is unavailable: ``reachable_check`` reports it
    if answers:
        return []
    text = "No worker answers: snapshots grow old, and documents open more slowly."
    hint = "Start one (celery -A config worker), with the same CELERY_BROKER_URL."
    return [checks.Warning(text, hint=hint, id="pipeline.W101")]


@service_check
def beat_check(**_: object) -> list[CheckMessage]:
    """Warn when no task of beat has run for a while."""
    seen_at = heartbeat_find()
    relay_s = float(settings.CELERY_BEAT_SCHEDULE["relay"]["schedule"])
    hint = "Start beat (celery -A config beat), exactly one, and a worker."
    if seen_at is None:
        text = "No task of beat has ever run."
        return [checks.Warning(text, hint=hint, id="pipeline.W102")]
    age_s = (clock.now() - seen_at).total_seconds()
    if age_s <= MISSED_RUNS * relay_s:
        return []
    text = f"The relay, which beat starts every {relay_s:g} s, has not run for {age_s:.0f} s."
    return [checks.Warning(text, hint=hint, id="pipeline.W102")]
