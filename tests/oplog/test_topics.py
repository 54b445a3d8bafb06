"""``kafka_topics`` on a broker that does not do what it is asked."""

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from apps.core import ids
from apps.core.management.operator import EXIT_FAILED
from apps.oplog import topics


def test_broker_that_does_not_answer_a_change_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The in-memory broker lists its topics, and leaves a request for a new one unanswered."""
    monkeypatch.setattr(topics, "TOPIC", f"new-{ids.new_id()}")
    monkeypatch.setattr(topics, "TOPIC_CHANGE_WAIT_S", 0.5)
    with pytest.raises(CommandError) as failed:
        call_command("kafka_topics")
    assert failed.value.returncode == EXIT_FAILED
    assert settings.KAFKA_BOOTSTRAP_SERVERS in str(failed.value)
    assert "did not answer within 0.5 s" in str(failed.value)
