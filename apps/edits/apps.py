"""Registration of the app with Django."""

from django.apps import AppConfig


class EditsConfig(AppConfig):
    """The ``edits`` app."""

    name = "apps.edits"
    label = "edits"
