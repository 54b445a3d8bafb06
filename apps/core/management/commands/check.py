"""``manage.py check``: Django's own command, and with ``--services`` the checks of services."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import check

from apps.core.service_checks import services_register


class Command(check.Command):
    """Check the project; with ``--services`` also its services."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare ``--services`` beside Django's own options."""
        super().add_arguments(parser)
        parser.add_argument(
            "--services",
            action="store_true",
            help="also check the services (alone with: --services --tag services)",
        )

    def handle(self, *app_labels: Any, **options: Any) -> None:
        """Run the checks."""
        if options["services"]:
            services_register()
        super().handle(*app_labels, **options)
