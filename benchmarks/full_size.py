"""Starts the services of ``make stack``, and the part of its product that the argument names.

``services`` starts only the services, ``3+2`` also the gateway with three web servers, and two
workers.
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
from config.env import data_dir_path, env


def main() -> int:
    """Run until a signal; return 1 with the reason on stderr if the start fails."""
    try:
        data_dir = DataDir.open(data_dir_path("stack"), kind="stack")
        return Launcher(data_dir, _plan(data_dir, sys.argv[1])).run()
    except (EmbeddedError, EnvError) as err:
        print(err, file=sys.stderr)  # noqa: T201 - the answer to the user
        return 1


def _plan(data_dir: DataDir, action: str) -> Plan:
    webs, workers = (0, 0) if action == "services" else map(int, action.split("+"))
    ports = [data_dir.ports[name] for name in WEB_SERVERS[: webs or None]]
    site = Site("127.0.0.1", env.int("PORT"))
    gateway = Gateway(site=site, ports=ports, body_bytes=8 * 1024 * 1024)
    plan = stack_plan(data_dir, gateway)
    servers = [gateway.program(data_dir), *web_servers(data_dir)[:webs]] if webs else []
    return replace(plan, product=[*servers, *map(worker, WORKERS[:workers])])


if __name__ == "__main__":
    sys.exit(main())
