"""Registration of the app with Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The ``accounts`` room of the house."""

    name = "apps.accounts"
    label = "accounts"
