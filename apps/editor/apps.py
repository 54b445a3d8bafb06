"""Registration of the app with Django."""

from django.apps import AppConfig


class EditorConfig(AppConfig):
    """The ``editor`` room of the house."""

    name = "apps.editor"
    label = "editor"
