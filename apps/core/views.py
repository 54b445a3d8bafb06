"""Health and metrics, for machines: ``/healthz``, ``/readyz``, ``/metrics``."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from apps.core import health


def healthz(request: HttpRequest) -> JsonResponse:
    """Say that the process is alive."""
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Say which services can be reached; 503 when one cannot."""
    services = health.services_check()
    ready = all(state == "ok" for state in services.values())
    body = {"status": "ready" if ready else "not ready", "services": services}
    return JsonResponse(body, status=200 if ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Give the process's counters in Prometheus' text format."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
