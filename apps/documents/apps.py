"""Registration of the app with Django."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """The ``documents`` room of the house."""

    name = "apps.documents"
    label = "documents"

    def ready(self) -> None:
        """Have checks of the configuration."""
        from apps.documents import checks  # noqa: F401 - registers itself
