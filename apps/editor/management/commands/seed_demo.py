"""``manage.py seed_demo``: the demo people and one document they share (embedded mode only)."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.editor.demo import DEMO_PASSWORD, demo_seed


class Command(BaseCommand):
    """Seed the demo; a second run does not change what people have edited."""

    help = "Create the demo users and one shared welcome document (embedded mode only)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed the demo; refused outside embedded mode."""
        if not settings.DEMO_USERS:
            raise CommandError(
                "Demo users have a known password. They exist in the embedded mode only."
            )
        demo = demo_seed()
        names = ", ".join(demo.usernames)
        self.stdout.write(f"Demo users: {names} (password {DEMO_PASSWORD} each)")
        self.stdout.write(f"Welcome document: {demo.document_id}")
