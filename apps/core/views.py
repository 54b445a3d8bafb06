"""Health and metrics, for machines: ``/healthz``, ``/readyz``, ``/metrics``."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from apps.core import health


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200: the process is alive."""
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Report which services answer; 503 when a required one does not.

    Without Kafka everything continues from the log (docs/system-flow.md, §8): *degraded*.
    """
    services = health.services_check()
    away = {name: state for name, state in services.items() if state != "ok"}
    if away.keys() - health.OPTIONAL_SERVICES:
        return JsonResponse({"status": "not ready", "services": services}, status=503)
    if away:
        reasons = [f"{name} is away; {health.OPTIONAL_SERVICES[name]}" for name in away]
        return JsonResponse({"status": "degraded", "services": services, "reasons": reasons})
    return JsonResponse({"status": "ready", "services": services})


def metrics(request: HttpRequest) -> HttpResponse:
    """Return the process's metrics in Prometheus' text format."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
