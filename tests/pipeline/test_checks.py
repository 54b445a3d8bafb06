"""The checks of workers and beat in ``check --services``."""

import re
from datetime import timedelta

import pytest
from django_redis import get_redis_connection

from apps.core import clock
from apps.oplog.publisher import close_shared_publisher
from apps.pipeline import beat_heartbeat
from apps.pipeline.checks import MISSED_RUNS, beat_check, workers_check
from apps.pipeline.tasks import relay_unpublished
from tests.core.processes import run_python
from tests.support.eventually import eventually
from tests.support.launcher import START_WAIT_S, Launched


def test_missing_worker_is_a_warning() -> None:
    """The services of the tests run without one."""
    [message] = workers_check()
    assert message.id == "pipeline.W101"
    assert "CELERY_BROKER_URL" in str(message.hint)


def test_beat_without_a_recent_heartbeat_is_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The relay stores the heartbeat at each of its runs."""
    get_redis_connection("default").delete(beat_heartbeat._KEY)
    [message] = beat_check()
    assert (message.id, message.msg) == ("pipeline.W102", "No task of beat has ever run.")
    try:
        relay_unpublished()
    finally:
        close_shared_publisher()
    assert beat_check() == []
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(seconds=5 * MISSED_RUNS + 1))
    [message] = beat_check()
    assert re.fullmatch(
        r"The relay, which beat starts every 5 s, has not run for 6\d s\.", message.msg
    )


def test_running_worker_and_beat_give_no_warning(stack: Launched) -> None:
    """With all other processes of ``make up``."""
    words = ("manage.py", "check", "--services", "--tag", "services", "--fail-level", "WARNING")

    def output() -> str:
        done = run_python(*words, **stack.settings())
        assert "System check identified" in done.stderr, done.stderr  # the topics of such a broker
        return done.stderr

    eventually(lambda: "pipeline." not in output(), START_WAIT_S)
