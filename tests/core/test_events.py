"""In-process events."""

import pytest

from apps.core.events import Event


def test_publish_reaches_every_subscriber_once_in_order() -> None:
    """Subscribing twice changes nothing: apps are made ready more than once in tests."""
    event, heard = Event[int]("happened"), list[tuple[str, int]]()

    def first(payload: int) -> None:
        heard.append(("first", payload))

    def second(payload: int) -> None:
        heard.append(("second", payload))

    for subscriber in (first, second, first):
        event.subscribe(subscriber)
    event.publish(1)
    assert heard == [("first", 1), ("second", 1)]


def test_publish_lets_a_subscribers_error_reach_the_publisher() -> None:
    """A creation whose step fails is taken back."""
    event = Event[int]("happened")

    def fail(payload: int) -> None:
        raise ValueError(payload)

    event.subscribe(fail)
    with pytest.raises(ValueError, match="5"):
        event.publish(5)
