"""Registration of the app with Django."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    """The ``history`` app."""

    name = "apps.history"
    label = "history"

    def ready(self) -> None:
        """Register the checks, and subscribe to new documents."""
        from apps.history import checks, subscriptions  # noqa: F401 - checks register themselves

        subscriptions.subscribe()
