"""PostgreSQL of one place: make it, let it serve for a moment, dump it, load a dump."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from apps.embedded.binaries import postgres_binary
from apps.embedded.data_dir import DataDir, write_private
from apps.embedded.errors import EmbeddedError
from apps.embedded.programs import (
    ROOT,
    Program,
    postgres,
    postgres_init_command,
    unprivileged,
)
from apps.embedded.run_command import run_logged, with_log

#: How long PostgreSQL may take until it serves, in seconds: it may have a crash to recover from.
START_WAIT_S = 60
#: Between two looks at whether it serves, in seconds.
LOOK_S = 0.05


def database_exists(data_dir: Path) -> bool:
    """Return whether a data folder has a PostgreSQL database."""
    return (data_dir / "postgres" / "PG_VERSION").exists()


def database_make(place: DataDir) -> None:
    """Make PostgreSQL's folder; under its name it is whole, however this may be cut short."""
    draft = place.data_dir / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    password_file = place.data_dir / "run" / "password"
    write_private(password_file, place.password)
    try:
        run_logged(place, "initdb", postgres_init_command(place, draft, password_file))
    finally:
        password_file.unlink()
    draft.rename(place.data_dir / "postgres")


@contextlib.contextmanager
def database_serving(place: DataDir) -> Iterator[None]:
    """Let PostgreSQL alone serve while the block runs; the folder must be held."""
    program = postgres(place)
    with place.log_file(program.name).open("wb") as log:
        # A session of its own: Ctrl-C comes to us, who stop it in order.
        process = subprocess.Popen(  # noqa: S603 - our own words
            program.words(place),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(place, program, process)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        place.pid_file(program.name).unlink(missing_ok=True)


def database_dump(place: DataDir, file: Path) -> None:
    """Write all of the database as it is at one moment to a file. Raises ``EmbeddedError``."""
    # The backup as a whole is compressed.
    _client(place, "pg_dump", "--format=custom", "--compress=0", "--no-owner", "--file", str(file))


def database_load(place: DataDir, file: Path) -> None:
    """Load a dump into a database that is new: all of it or nothing. Raises ``EmbeddedError``."""
    _client(place, "pg_restore", "--single-transaction", "--no-owner", str(file))


def check_namespace() -> None:
    """Raise unless this system lets root start PostgreSQL as somebody else."""
    prefix = unprivileged()
    if prefix and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:  # noqa: S603
        raise EmbeddedError(
            "PostgreSQL does not run as root, and this system does not allow user namespaces. "
            "Run it as a plain user, or allow them with "
            "`sysctl kernel.unprivileged_userns_clone=1`."
        )


def _client(place: DataDir, name: str, *words: str) -> None:
    """Run one of PostgreSQL's own clients; the password is not among its words, all read those."""
    port = str(place.ports["postgres"])
    done = subprocess.run(  # noqa: S603 - our own words
        [
            str(postgres_binary(place, name)),
            *("--host", "127.0.0.1", "--port", port, "--username", "scriptorium"),
            *("--dbname", "postgres", "--no-password", *words),
        ],
        env={**os.environ, "PGPASSWORD": place.password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = " ".join(done.stderr.split())
        raise EmbeddedError(f"PostgreSQL's {name} failed ({done.returncode}): {reason}")


def _wait(place: DataDir, program: Program, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_WAIT_S
    while (trouble := program.trouble()) is not None:
        if process.poll() is not None or time.monotonic() > deadline:
            message = with_log(place, f"PostgreSQL is not ready: {trouble}", program.name)
            raise EmbeddedError(message) from trouble
        threading.Event().wait(LOOK_S)
