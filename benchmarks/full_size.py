"""The services of ``make stack``, and behind its gateway as many web servers as the one word says.

``services`` starts none. No worker runs, so that nobody but the measured uses the machine.
"""

import sys
from dataclasses import replace

from environs import EnvError

from apps.embedded.errors import EmbeddedError
from apps.embedded.gateway import Gateway
from apps.embedded.launch import Launcher
from apps.embedded.place import Place
from apps.embedded.plan import Plan
from apps.embedded.programs import Site
from apps.embedded.stack import WEB_SERVERS, stack_plan, web_servers
from config.env import data_dir, env


def main() -> int:
    """Start it and stay until a signal. Returns 1 with a reason on stderr where it cannot start."""
    word = sys.argv[1]
    count = 0 if word == "services" else int(word)
    try:
        place = Place.open(data_dir("stack"), kind="stack")
        return Launcher(place, _plan(place, count)).run()
    except (EmbeddedError, EnvError) as err:
        print(err, file=sys.stderr)  # noqa: T201 - the answer to a person
        return 1


def _plan(place: Place, count: int) -> Plan:
    ports = [place.ports[name] for name in WEB_SERVERS[: count or None]]
    site = Site("127.0.0.1", env.int("PORT"))
    gateway = Gateway(site=site, ports=ports, body_bytes=8 * 1024 * 1024)
    plan = stack_plan(place, gateway)
    product = [gateway.program(place), *web_servers(place)[:count]] if count else []
    return replace(plan, product=product)


if __name__ == "__main__":
    sys.exit(main())
