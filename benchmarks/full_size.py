"""The services of ``make stack``, and of its product what the one word says.

``services`` starts none of it, ``3+2`` the gateway with three web servers, and two workers.
"""

import sys
from dataclasses import replace

from environs import EnvError

from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.gateway import Gateway
from apps.embedded.launcher import Launcher
from apps.embedded.plan import Plan
from apps.embedded.programs import Site, worker
from apps.embedded.stack import WEB_SERVERS, WORKERS, stack_plan, web_servers
from config.env import data_dir, env


def main() -> int:
    """Start it and stay until a signal. Returns 1 with a reason on stderr where it cannot start."""
    try:
        place = DataDir.open(data_dir("stack"), kind="stack")
        return Launcher(place, _plan(place, sys.argv[1])).run()
    except (EmbeddedError, EnvError) as err:
        print(err, file=sys.stderr)  # noqa: T201 - the answer to a person
        return 1


def _plan(place: DataDir, word: str) -> Plan:
    webs, workers = (0, 0) if word == "services" else map(int, word.split("+"))
    ports = [place.ports[name] for name in WEB_SERVERS[: webs or None]]
    site = Site("127.0.0.1", env.int("PORT"))
    gateway = Gateway(site=site, ports=ports, body_bytes=8 * 1024 * 1024)
    plan = stack_plan(place, gateway)
    servers = [gateway.program(place), *web_servers(place)[:webs]] if webs else []
    return replace(plan, product=[*servers, *map(worker, WORKERS[:workers])])


if __name__ == "__main__":
    sys.exit(main())
