"""Registration of the app with Django."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    """The ``history`` room of the house."""

    name = "apps.history"
    label = "history"
