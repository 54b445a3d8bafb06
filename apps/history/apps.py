"""Registration of the app with Django."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    """The ``history`` room of the house."""

    name = "apps.history"
    label = "history"

    def ready(self) -> None:
        """Hear of documents that are made, have checks of the configuration."""
        from apps.history import checks, subscriptions  # noqa: F401 - checks register themselves

        subscriptions.subscribe()
