"""Registration of the app with Django."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """The ``documents`` room of the house."""

    name = "apps.documents"
    label = "documents"
