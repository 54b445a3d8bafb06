"""``/healthz``, ``/readyz`` and ``/metrics`` before anything looks at the request's ``Host``.

A probe or Prometheus asks the process itself, by its address: a host name that no list of
``ALLOWED_HOSTS`` foresees. Whatever else is asked under such a name is refused as before.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from apps.core import views

PROBES: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {
    "/healthz": views.healthz,
    "/readyz": views.readyz,
    "/metrics": views.metrics,
}


def probes_first(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Return the middleware; it stands before all others."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        return PROBES.get(request.path_info, get_response)(request)

    return answer
