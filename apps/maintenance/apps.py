"""Registration of the app with Django."""

from django.apps import AppConfig


class MaintenanceConfig(AppConfig):
    """The ``maintenance`` app."""

    name = "apps.maintenance"
    label = "maintenance"

    def ready(self) -> None:
        """Subscribe to damaged versions."""
        from apps.maintenance import subscriptions

        subscriptions.subscribe()
