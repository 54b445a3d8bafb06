"""Registration of the app with Django."""

from django.apps import AppConfig


class PipelineConfig(AppConfig):
    """The ``pipeline`` app."""

    name = "apps.pipeline"
    label = "pipeline"

    def ready(self) -> None:
        """Register the checks of the configuration."""
        from apps.pipeline import checks  # noqa: F401 - registers itself
