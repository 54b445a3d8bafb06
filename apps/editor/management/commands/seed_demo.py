"""``manage.py seed_demo``: the demo people and one document they share (embedded mode only)."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.editor.demo import DEMO_PASSWORD, demo_seed, random_passwords_set


class Command(BaseCommand):
    """Seed the demo; a second run does not change what people have edited."""

    help = "Create the demo users and one shared welcome document (embedded mode only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--passwords-file",
            type=Path,
            help="where new random passwords are written (DEMO_PASSWORD_KNOWN=false), as JSON",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed the demo; refused outside embedded mode."""
        if not settings.DEMO_USERS:
            raise CommandError(
                "Demo users have a known password. They exist in the embedded mode only."
            )
        demo = demo_seed()
        names = ", ".join(demo.usernames)
        if settings.DEMO_PASSWORD_KNOWN:
            self.stdout.write(f"Demo users: {names} (password {DEMO_PASSWORD} each)")
        else:
            self._set_random_passwords(options["passwords_file"])
            self.stdout.write(f"Demo users: {names} (with passwords of their own)")
        self.stdout.write(f"Welcome document: {demo.document_id}")

    def _set_random_passwords(self, file: Path | None) -> None:
        """Replace known passwords; the new ones go to the file, or else to standard output."""
        passwords = random_passwords_set()
        if not passwords:
            return
        if file is None:
            for username, password in passwords.items():
                self.stdout.write(f"{username}: {password}")
            return
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(passwords, out)
