"""``python -m apps.embedded up|services|down|env|backup|restore``: what the Makefile calls."""

import argparse
import json
import shlex
import signal
import sys
from functools import partial
from pathlib import Path

from environs import EnvError, validate

from apps.embedded.backup import backup
from apps.embedded.errors import EmbeddedError
from apps.embedded.launch import Launcher, down, say
from apps.embedded.place import Place
from apps.embedded.programs import Site, service_environment
from apps.embedded.restore import restore, restore_finish
from config.env import data_dir, env


def main() -> int:
    """Do what the words ask for. Returns the exit code: 0 done, 1 with a reason on stderr."""
    words = _parser().parse_args()
    try:
        if words.action in {"backup", "restore"}:
            return _copy(words)
        return _live(words.action)
    except (EmbeddedError, EnvError) as err:
        print(f"\n{err}", file=sys.stderr)  # noqa: T201 - the answer to a person
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m apps.embedded", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("up", help="start all")
    actions.add_parser("services", help="start the services only")
    actions.add_parser("down", help="stop")
    actions.add_parser("env", help="print the settings for a shell")
    to_file = actions.add_parser("backup", help="write all data to a new file")
    from_file = actions.add_parser("restore", help="make the data from a backup")
    for each in (to_file, from_file):
        each.add_argument("file", type=Path, help="the backup")
        each.add_argument("--dry-run", action="store_true", help="change nothing, say what would")
        each.add_argument("--json", action="store_true", help="one JSON object on stdout")
    from_file.add_argument("--force", action="store_true", help="move data that is there aside")
    return parser


def _live(action: str) -> int:
    restore_finish(data_dir())
    place = Place.open(data_dir())
    if action == "down":
        return down(place)
    if action == "env":
        return _print_env(place)
    port = env.int("PORT", 8000, validate=validate.Range(1, 65_535))
    site = Site(host=env.str("HOST", "127.0.0.1"), port=port)
    return Launcher(place, site, only_services=action == "services").run()


def _copy(words: argparse.Namespace) -> int:
    """Back up or restore; what is half made goes away at SIGTERM as at Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tell = _say_aside if words.json else say
    file = words.file.absolute()
    try:
        if words.action == "backup":
            restore_finish(data_dir())
            result = backup(file, data_dir(), tell=tell, dry_run=words.dry_run)
        else:
            result = restore(file, data_dir(), tell=tell, dry_run=words.dry_run, force=words.force)
    except KeyboardInterrupt:
        _say_aside("\nStopped before the end.")
        return 1
    if words.json:
        say(json.dumps(result))
    return 0


_say_aside = partial(print, file=sys.stderr, flush=True)


def _print_env(place: Place) -> int:
    environment = service_environment(place)
    names = [*place.urls(), "SECRET_KEY", "ALLOWED_HOSTS", "DJANGO_SETTINGS_MODULE"]
    for name in names:
        say(f"export {name}={shlex.quote(environment[name])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
