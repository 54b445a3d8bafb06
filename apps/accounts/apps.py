"""Registration of the app with Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The ``accounts`` app."""

    name = "apps.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Register the OpenAPI scheme of our authentication."""
        from apps.accounts.api import openapi  # noqa: F401 - registers itself
