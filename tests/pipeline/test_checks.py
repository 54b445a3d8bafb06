"""What ``check --services`` says of workers and beat."""

import re
from datetime import timedelta

import pytest
from django_redis import get_redis_connection

from apps.core import clock
from apps.oplog.publisher import close_shared_publisher
from apps.pipeline import beat_heartbeat
from apps.pipeline.checks import TIMES_MISSED, beat_check, workers_check
from apps.pipeline.tasks import relay_unpublished
from tests.core.processes import run_python
from tests.support.eventually import eventually
from tests.support.launcher import START_WAIT_S, Launched


def test_no_worker_is_warned_of() -> None:
    """The services of the tests run without one."""
    [message] = workers_check()
    assert message.id == "pipeline.W101"
    assert "CELERY_BROKER_URL" in str(message.hint)


def test_beat_that_has_never_been_seen_or_not_for_long_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The relay says that it runs; it does so every few seconds."""
    get_redis_connection("default").delete(beat_heartbeat._KEY)
    [message] = beat_check()
    assert (message.id, message.msg) == ("pipeline.W102", "What beat starts has never run.")
    try:
        relay_unpublished()
    finally:
        close_shared_publisher()
    assert beat_check() == []
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(seconds=5 * TIMES_MISSED + 1))
    [message] = beat_check()
    assert re.fullmatch(r"What beat starts every 5 s has not run for 6\d s\.", message.msg)


def test_worker_and_beat_that_run_are_nothing_to_tell(stack: Launched) -> None:
    """With all else that ``make up`` starts."""
    words = ("manage.py", "check", "--services", "--tag", "services", "--fail-level", "WARNING")

    def said() -> str:
        done = run_python(*words, **stack.settings())
        assert "System check identified" in done.stderr, done.stderr  # the topics of such a broker
        return done.stderr

    eventually(lambda: "pipeline." not in said(), START_WAIT_S)
