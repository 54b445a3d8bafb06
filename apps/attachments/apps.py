"""Registration of the app with Django."""

from django.apps import AppConfig


class AttachmentsConfig(AppConfig):
    """The ``attachments`` app."""

    name = "apps.attachments"
    label = "attachments"

    def ready(self) -> None:
        """Register the checks, and subscribe to discarded documents."""
        from apps.attachments import checks, subscriptions  # noqa: F401 - checks register themselves
        from apps.attachments.api import openapi  # noqa: F401 - registers itself

        subscriptions.subscribe()
