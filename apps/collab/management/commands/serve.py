"""``manage.py serve``: the web server, daphne with the bounds that an open socket needs."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.collab.server import serve


class Command(BaseCommand):
    """Serve pages, REST and sockets until SIGTERM or SIGINT."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--bind", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the server."""
        serve(bind=options["bind"], port=options["port"])
