"""``manage.py serve``: the web server, with the bounds that an open socket needs (ADR 0010)."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.startup import StartRefusedError, start_check


class Command(BaseCommand):
    """Serve pages, REST and sockets until SIGTERM or SIGINT."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--bind", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument(
            "--connections-from",
            type=Path,
            metavar="SOCKET",
            help="Unix socket from which a load balancer's connections are received (uvicorn)",
        )
        parser.add_argument("--server", choices=("uvicorn", "daphne"), default="uvicorn")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the chosen server; the other one is not imported."""
        address = {"bind": options["bind"], "port": options["port"]}
        serve: Callable[..., None]
        if options["server"] == "daphne":
            if options["connections_from"]:
                raise CommandError("daphne receives no connections from a load balancer.")
            from apps.collab.servers.daphne_server import serve
        else:
            from apps.collab.servers.uvicorn_server import serve

            address["connections_from"] = options["connections_from"]
        try:
            start_check()
            serve(**address)
        except StartRefusedError as err:
            raise CommandError(err.message) from err
