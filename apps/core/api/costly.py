"""Costly calls: a share of each person, so that nobody has all threads and processes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Condition, Event
from time import monotonic
from typing import Any, Final

from django.conf import settings
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.core.caller import caller_gone
from apps.core.errors import TransientError

#: Calls of one person that wait for the one before; each holds a thread meanwhile.
WAITING_MAX: Final = 16
#: How often a waiting call looks whether its caller is still there, in seconds.
_LOOK_S: Final = 0.1


class PersonBusyError(TransientError):
    """No costly call of this person has ended in time: as many run as one may have at once."""

    code = "calls_at_once"


class PersonGate:
    """Lets a few calls of each person in at a time."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside: Counter[int] = Counter()
        self._waiting: Counter[int] = Counter()

    @contextmanager
    def enter(
        self, person: int, *, wait_s: float, at_once: int = 1, gone: Event | None = None
    ) -> Iterator[None]:
        """Wait, at most ``wait_s``, until fewer than ``at_once`` calls of the person run.

        Raises ``PersonBusyError``.
        """
        with self._changed:
            self._wait(person, at_once, monotonic() + wait_s, gone)
            self._inside[person] += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside[person] -= 1
                if not self._inside[person]:
                    del self._inside[person]
                self._changed.notify_all()

    def _wait(self, person: int, at_once: int, deadline: float, gone: Event | None) -> None:
        if self._inside[person] < at_once:
            return
        if self._waiting[person] >= WAITING_MAX:
            raise _busy()
        self._waiting[person] += 1
        try:
            while self._inside[person] >= at_once:
                if monotonic() >= deadline or (gone is not None and gone.is_set()):
                    raise _busy()
                self._changed.wait(_LOOK_S)
        finally:
            self._waiting[person] -= 1
            if not self._waiting[person]:
                del self._waiting[person]


def _busy() -> PersonBusyError:
    return PersonBusyError(
        "Another long call of yours has not ended. Wait for it, then try again.", retry_after_s=5
    )


_gate = PersonGate()


class CostlyAPIView(APIView):
    """A view whose calls take turns, person by person; it has signed-in callers alone."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and let the person's next call in."""
        with ExitStack() as self._turn:
            return super().dispatch(request, *args, **kwargs)

    def is_costly(self, request: Request) -> bool:
        """Return whether the call waits for its turn."""
        return True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Wait for the person's turn, after the checks of the request."""
        super().initial(request, *args, **kwargs)
        if request.user.pk is not None and self.is_costly(request):
            turn = _gate.enter(
                request.user.pk,
                wait_s=settings.CONVERSION_WAIT_S,
                at_once=settings.CONVERSIONS_PER_PERSON,
                gone=caller_gone.get(),
            )
            self._turn.enter_context(turn)
