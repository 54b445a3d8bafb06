"""Registration of the app with Django."""

from django.apps import AppConfig


class OplogConfig(AppConfig):
    """The ``oplog`` room of the house."""

    name = "apps.oplog"
    label = "oplog"

    def ready(self) -> None:
        """Have checks of the configuration."""
        from apps.oplog import checks  # noqa: F401 - registers itself
