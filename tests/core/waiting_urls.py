"""A view that works until its caller has gone."""

from queue import Queue

from django.http import HttpRequest, HttpResponse
from django.urls import path

from apps.core.caller import caller_gone

#: How long the view works at most, in seconds.
PATIENCE_S = 60.0

#: "began", then whether the caller has gone, of each call.
events: "Queue[str | bool]" = Queue()


def waiting(_request: HttpRequest) -> HttpResponse:
    """Wait for the caller to go."""
    gone = caller_gone.get()
    assert gone is not None
    events.put("began")
    events.put(gone.wait(PATIENCE_S))
    return HttpResponse()


urlpatterns = [path("waiting/", waiting)]
