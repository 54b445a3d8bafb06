"""Registration of the app with Django."""

from django.apps import AppConfig
from django.conf import settings

from apps.core import failpoints, metrics, mongo, tracing
from apps.core.hidden_imports import hidden


class CoreConfig(AppConfig):
    """The ``core`` app."""

    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        """Register the checks, connect to MongoDB (lazily), start metrics and tracing."""
        with hidden("requests", "pygments"):  # it would import them for parts that nothing uses
            import rest_framework.compat  # noqa: F401

        from apps.core import checks  # noqa: F401 - registers itself

        mongo.connect()
        metrics.SERVER.labels(server_id=settings.SERVER_ID).set(1)
        failpoints.arm(settings.FAILPOINT)
        tracing.start(settings.OTEL_EXPORTER_OTLP_ENDPOINT, server_id=settings.SERVER_ID)
