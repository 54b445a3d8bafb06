"""Registration of the app with Django."""

from django.apps import AppConfig


class ActivityConfig(AppConfig):
    """The ``activity`` room of the house."""

    name = "apps.activity"
    label = "activity"

    def ready(self) -> None:
        """Hear of what is done to documents."""
        from apps.activity import subscriptions

        subscriptions.subscribe()
