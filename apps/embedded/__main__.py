"""``python -m apps.embedded up|stack|services|down|env|backup|restore``: what ``make`` calls."""

import argparse
import json
import os
import shlex
import signal
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from environs import EnvError, validate

from apps.embedded.backup import backup
from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.external_services import external_services
from apps.embedded.gateway import Gateway, Tls
from apps.embedded.launcher import Launcher, down, say
from apps.embedded.plan import Plan, environment_of, up_plan
from apps.embedded.programs import Site
from apps.embedded.restore import restore, restore_finish
from apps.embedded.stack import WEB_SERVERS, stack_environment, stack_plan
from config.env import data_dir, env

#: What a person opens when they say nothing else.
_PORTS = {"up": 8000, "stack": 8080}


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
    actions.add_parser("stack", help="start all on full-size services, behind a gateway")
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
    folder = data_dir(action)
    restore_finish(folder)
    if action == "down":
        return down(DataDir.open(folder, kind=None))
    if action == "env":
        return _print_env(DataDir.open(folder, kind=None))
    kind = "stack" if action == "stack" else "up"
    place = DataDir.open(folder, kind=kind)
    return Launcher(place, _plan(place, action)).run()


def _plan(place: DataDir, action: str) -> Plan:
    port = env.int("PORT", _PORTS[place.kind], validate=validate.Range(1, 65_535))
    site = Site(host=env.str("HOST", "127.0.0.1"), port=port)
    if action != "stack":
        return up_plan(place, site, only_services=action == "services")
    tls = _tls()
    gateway = Gateway(
        site=replace(site, scheme="https" if tls else "http"),
        ports=[place.ports[name] for name in WEB_SERVERS],
        body_bytes=env.int("REST_BODY_BYTES", 8 * 1024 * 1024),
        tls=tls,
    )
    return stack_plan(place, gateway)


def _tls() -> Tls | None:
    certificate, key = env.str("TLS_CERTIFICATE", None), env.str("TLS_KEY", None)
    if (certificate is None) != (key is None):
        missing = "TLS_KEY" if key is None else "TLS_CERTIFICATE"
        raise EmbeddedError(f"{missing} is missing: a certificate and its key belong together.")
    return Tls(Path(certificate).absolute(), Path(key).absolute()) if certificate and key else None


def _copy(words: argparse.Namespace) -> int:
    """Back up or restore; what is half made goes away at SIGTERM as at Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tell = _say_aside if words.json else say
    file, folder, dry_run = words.file.absolute(), data_dir(), words.dry_run
    try:
        if words.action == "backup":
            restore_finish(folder)
            result = backup(file, folder, tell=tell, dry_run=dry_run)
        else:
            result = restore(file, folder, tell=tell, dry_run=dry_run, force=words.force)
    except KeyboardInterrupt:
        _say_aside("\nStopped before the end.")
        return 1
    if words.json:
        say(json.dumps(result))
    return 0


_say_aside = partial(print, file=sys.stderr, flush=True)


def _print_env(place: DataDir) -> int:
    environment = (
        stack_environment(place, external_services(os.environ))
        if place.kind == "stack"
        else environment_of(place, place.urls())
    )
    names = [*place.urls(), "SECRET_KEY", "ALLOWED_HOSTS", "DJANGO_SETTINGS_MODULE"]
    for name in names:
        if name in environment:
            say(f"export {name}={shlex.quote(environment[name])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
