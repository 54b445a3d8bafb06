"""Registration of the app with Django."""

from django.apps import AppConfig


class ActivityConfig(AppConfig):
    """The ``activity`` app."""

    name = "apps.activity"
    label = "activity"

    def ready(self) -> None:
        """Subscribe to the events of documents."""
        from apps.activity import subscriptions

        subscriptions.subscribe()
