"""Registration of the app with Django."""

from django.apps import AppConfig


class PipelineConfig(AppConfig):
    """The ``pipeline`` room of the house."""

    name = "apps.pipeline"
    label = "pipeline"

    def ready(self) -> None:
        """Hear of stored versions that are damaged; have checks of the configuration."""
        from apps.pipeline import checks, subscriptions  # noqa: F401 - checks register themselves

        subscriptions.subscribe()
