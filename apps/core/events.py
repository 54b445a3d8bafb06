"""In-process events: a lower app notifies upper apps without importing them."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Event(Generic[T]):
    """A named occurrence with one payload type.

    Subscribers run in the publisher's thread, in order of subscription. Their errors reach the
    publisher, so a subscriber whose failure must not matter catches its own errors.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._subscribers: list[Callable[[T], None]] = []

    def subscribe(self, subscriber: Callable[[T], None]) -> None:
        """Call ``subscriber`` at each publication; a second subscription changes nothing."""
        if subscriber not in self._subscribers:
            self._subscribers.append(subscriber)

    def publish(self, payload: T) -> None:
        """Hand ``payload`` to every subscriber."""
        for subscriber in self._subscribers:
            subscriber(payload)
