"""Registration of the app with Django."""

from django.apps import AppConfig


class CollabConfig(AppConfig):
    """The ``collab`` room of the house."""

    name = "apps.collab"
    label = "collab"
