"""Registration of the app with Django."""

from django.apps import AppConfig


class EditorConfig(AppConfig):
    """The ``editor`` app."""

    name = "apps.editor"
    label = "editor"
