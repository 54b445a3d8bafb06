"""Registration of the app with Django."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """The ``documents`` app."""

    name = "apps.documents"
    label = "documents"

    def ready(self) -> None:
        """Register the checks."""
        from apps.documents import checks  # noqa: F401 - registers itself
