"""Registration of the app with Django."""

from django.apps import AppConfig


class OplogConfig(AppConfig):
    """The ``oplog`` app."""

    name = "apps.oplog"
    label = "oplog"

    def ready(self) -> None:
        """Register the checks."""
        from apps.oplog import checks  # noqa: F401 - registers itself
