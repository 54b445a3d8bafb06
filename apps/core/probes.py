"""The probes ``/healthz``, ``/readyz`` and ``/metrics``, answered under any ``Host``.

A probe or Prometheus requests them by the address of the process, which is not in
``ALLOWED_HOSTS``. All other paths are refused under such a host.
"""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from apps.core import views

PROBES: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {
    "/healthz": views.healthz,
    "/readyz": views.readyz,
    "/metrics": views.metrics,
}

#: Probes that name services, their errors and figures.
_DETAILED = frozenset({"/readyz", "/metrics"})


def probes_first(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Return the middleware, which must be the first one."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        probe = PROBES.get(request.path_info)
        if probe is None:
            return get_response(request)
        response = probe(request)
        if request.path_info in _DETAILED and settings.PROBES_LOCAL_ONLY and not _is_local(request):
            response = HttpResponse(status=response.status_code if probe is views.readyz else 403)
        # The security middleware comes later, and does not see these answers.
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    return answer


def _is_local(request: HttpRequest) -> bool:
    """Return whether the connection comes from this machine; headers are not read."""
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
