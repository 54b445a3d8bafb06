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
from apps.embedded.launcher import Launcher, down, print_line
from apps.embedded.plan import Plan, environment_of, up_plan
from apps.embedded.programs import Site
from apps.embedded.restore import restore, restore_finish
from apps.embedded.stack import WEB_SERVERS, stack_environment, stack_plan
from config.env import data_dir_path, env

#: The port of the pages unless PORT is set.
_DEFAULT_PORTS = {"up": 8000, "stack": 8080}
_WEB_PROCESSES = validate.Range(1, 32)
#: Web servers of ``make up`` unless WEB_PROCESSES is set.
_MOST_BY_DEFAULT = 4


def main() -> int:
    """Run the command; return the exit code: 0, or 1 with the reason on stderr."""
    options = _parser().parse_args()
    try:
        if options.action in {"backup", "restore"}:
            return _back_up_or_restore(options)
        return _run(options.action)
    except (EmbeddedError, EnvError) as err:
        print(f"\n{err}", file=sys.stderr)  # noqa: T201 - the answer to the user
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
    from_file = actions.add_parser("restore", help="restore the data from a backup")
    for command in (to_file, from_file):
        command.add_argument("file", type=Path, help="the backup")
        command.add_argument(
            "--dry-run", action="store_true", help="change nothing, print the plan"
        )
        command.add_argument("--json", action="store_true", help="one JSON object on stdout")
    from_file.add_argument("--force", action="store_true", help="move existing data aside")
    return parser


def _run(action: str) -> int:
    folder = data_dir_path(action)
    restore_finish(folder)
    if action == "down":
        return down(DataDir.open(folder, kind=None))
    if action == "env":
        return _print_env(DataDir.open(folder, kind=None))
    kind = "stack" if action == "stack" else "up"
    data_dir = DataDir.open(folder, kind=kind)
    return Launcher(data_dir, _plan(data_dir, action)).run()


def _plan(data_dir: DataDir, action: str) -> Plan:
    port = env.int("PORT", _DEFAULT_PORTS[data_dir.kind], validate=validate.Range(1, 65_535))
    site = Site(host=env.str("HOST", "127.0.0.1"), port=port)
    if action != "stack":
        web_processes = env.int("WEB_PROCESSES", _default_web_processes(), validate=_WEB_PROCESSES)
        return up_plan(
            data_dir, site, web_processes=web_processes, only_services=action == "services"
        )
    tls = _tls()
    gateway = Gateway(
        site=replace(site, scheme="https" if tls else "http"),
        ports=[data_dir.ports[name] for name in WEB_SERVERS],
        body_bytes=max(
            env.int("REST_BODY_BYTES", 8 * 1024 * 1024),
            env.int("ATTACHMENT_MAX_BYTES", 25 * 1024 * 1024),
        ),
        tls=tls,
    )
    return stack_plan(data_dir, gateway)


def _default_web_processes() -> int:
    """Return one for each two processors: the services and the worker need the others."""
    return min(max((os.cpu_count() or 1) // 2, 1), _MOST_BY_DEFAULT)


def _tls() -> Tls | None:
    certificate, key = env.str("TLS_CERTIFICATE", None), env.str("TLS_KEY", None)
    if (certificate is None) != (key is None):
        missing = "TLS_KEY" if key is None else "TLS_CERTIFICATE"
        raise EmbeddedError(f"{missing} is missing: a certificate and its key belong together.")
    return Tls(Path(certificate).absolute(), Path(key).absolute()) if certificate and key else None


def _back_up_or_restore(options: argparse.Namespace) -> int:
    """Back up or restore; SIGTERM removes unfinished files, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = _print_stderr if options.json else print_line
    file, folder, dry_run = options.file.absolute(), data_dir_path(), options.dry_run
    try:
        if options.action == "backup":
            restore_finish(folder)
            result = backup(file, folder, report=report, dry_run=dry_run)
        else:
            result = restore(file, folder, report=report, dry_run=dry_run, force=options.force)
    except KeyboardInterrupt:
        _print_stderr("\nInterrupted.")
        return 1
    if options.json:
        print_line(json.dumps(result))
    return 0


_print_stderr = partial(print, file=sys.stderr, flush=True)


def _print_env(data_dir: DataDir) -> int:
    environment = (
        stack_environment(data_dir, external_services(os.environ))
        if data_dir.kind == "stack"
        else environment_of(data_dir, data_dir.urls())
    )
    names = [*data_dir.urls(), "SECRET_KEY", "ALLOWED_HOSTS", "DJANGO_SETTINGS_MODULE"]
    for name in names:
        if name in environment:
            print_line(f"export {name}={shlex.quote(environment[name])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
