"""Registration of the app with Django."""

from django.apps import AppConfig

from apps.core import mongo


class CoreConfig(AppConfig):
    """The ``core`` room of the house."""

    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        """Connect to MongoDB (lazily: nothing is opened before the first use)."""
        mongo.connect()
