"""Registration of the app with Django."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.signals import setting_changed

from apps.core import failpoints, metrics, mongo, tracing
from apps.core.hidden_imports import hidden, replaced

# Before any app imports more of these, without what they would import for parts of theirs that
# nothing uses here: 6 MiB of each process, and a tenth of the time of ``setup``.
with hidden("opentelemetry"):
    import redis  # noqa: F401
with hidden("requests", "pygments"):
    import rest_framework.compat  # noqa: F401
# It takes this signal from the package of Django's test client: 4 MiB.
with replaced("django.test.signals", setting_changed=setting_changed):
    import rest_framework_simplejwt.settings  # noqa: F401


def _request_factory(*args: Any, **options: Any) -> Any:
    """Return the request factory of the schema's generator, from the package of tests."""
    from rest_framework.test import APIRequestFactory

    return APIRequestFactory(*args, **options)


class CoreConfig(AppConfig):
    """The ``core`` app."""

    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        """Register the checks, connect to MongoDB (lazily), start metrics and tracing."""
        from apps.core import checks  # noqa: F401 - registers itself

        with replaced("rest_framework.test", APIRequestFactory=_request_factory):
            import drf_spectacular.plumbing  # noqa: F401
        mongo.connect()
        metrics.SERVER.labels(server_id=settings.SERVER_ID).set(1)
        failpoints.arm(settings.FAILPOINT)
        tracing.start(settings.OTEL_EXPORTER_OTLP_ENDPOINT, server_id=settings.SERVER_ID)
