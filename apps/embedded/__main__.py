"""``python -m apps.embedded up|services|down|env``: what the Makefile calls."""

import argparse
import shlex
import sys

from environs import EnvError, validate

from apps.embedded.errors import EmbeddedError
from apps.embedded.launch import Launcher, down, say
from apps.embedded.place import Place
from apps.embedded.programs import Site, service_environment
from config.env import data_dir, env


def main() -> int:
    """Do what the words ask for. Returns the exit code: 0 done, 1 with a reason on stderr."""
    parser = argparse.ArgumentParser(prog="python -m apps.embedded", description=__doc__)
    parser.add_argument(
        "action",
        choices=("up", "services", "down", "env"),
        help="start all; start the services only; stop; print the settings for a shell",
    )
    action = parser.parse_args().action
    try:
        place = Place.open(data_dir())
        if action == "down":
            return down(place)
        if action == "env":
            return _print_env(place)
        port = env.int("PORT", 8000, validate=validate.Range(1, 65_535))
        site = Site(host=env.str("HOST", "127.0.0.1"), port=port)
        return Launcher(place, site, only_services=action == "services").run()
    except (EmbeddedError, EnvError) as err:
        print(f"\n{err}", file=sys.stderr)  # noqa: T201 - the answer to a person
        return 1


def _print_env(place: Place) -> int:
    environment = service_environment(place)
    names = [*place.urls(), "SECRET_KEY", "ALLOWED_HOSTS", "DJANGO_SETTINGS_MODULE"]
    for name in names:
        say(f"export {name}={shlex.quote(environment[name])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
