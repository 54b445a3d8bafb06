"""The last of the apps: what is done when all others are ready."""

from django.apps import AppConfig

from config.garbage_collection import collect_as_usual


class ProjectConfig(AppConfig):
    """The project itself as an app."""

    name = "config"
    label = "project"

    def ready(self) -> None:
        """Create the Celery application, so that tasks find it; the imports are done."""
        from config import celery  # noqa: F401 - registers itself

        collect_as_usual()
