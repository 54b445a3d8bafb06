"""The probes ``/healthz``, ``/readyz`` and ``/metrics``, answered under any ``Host``.

A probe or Prometheus requests them by the address of the process, which is not in
``ALLOWED_HOSTS``. All other paths are refused under such a host.
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
    """Return the middleware, which must be the first one."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        return PROBES.get(request.path_info, get_response)(request)

    return answer
