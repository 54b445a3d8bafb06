"""PostgreSQL of one data folder: create it, run it for a while, dump it, load a dump."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from apps.embedded.binaries import postgres_binary
from apps.embedded.data_dir import DataDir, write_private
from apps.embedded.errors import EmbeddedError
from apps.embedded.probes import wait_until_ready
from apps.embedded.programs import (
    ROOT,
    Program,
    postgres,
    postgres_init_command,
    unprivileged,
)
from apps.embedded.run_command import run_logged, with_log

#: How long PostgreSQL may take to start, in seconds: it may have to recover from a crash.
START_TIMEOUT_S = 60


def database_exists(folder: Path) -> bool:
    """Return whether a data folder has a PostgreSQL database."""
    return (folder / "postgres" / "PG_VERSION").exists()


def database_create(data_dir: DataDir) -> None:
    """Create PostgreSQL's folder; it appears under its name only when complete."""
    draft = data_dir.path / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    password_file = data_dir.path / "run" / "password"
    write_private(password_file, data_dir.password)
    try:
        run_logged(data_dir, "initdb", postgres_init_command(data_dir, draft, password_file))
    finally:
        password_file.unlink()
    draft.rename(data_dir.path / "postgres")


@contextlib.contextmanager
def database_serving(data_dir: DataDir) -> Iterator[None]:
    """Run PostgreSQL alone during the block; the caller must hold the lock of the folder."""
    program = postgres(data_dir)
    with data_dir.log_file(program.name).open("wb") as log:
        # In its own session: Ctrl-C reaches only this process, which stops PostgreSQL in order.
        process = subprocess.Popen(  # noqa: S603 - our own command
            program.argv(data_dir),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(data_dir, program, process)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        data_dir.pid_file(program.name).unlink(missing_ok=True)


def database_dump(data_dir: DataDir, file: Path) -> None:
    """Write a consistent dump of the database to a file. Raises ``EmbeddedError``."""
    # Not compressed, because the backup file is.
    _client(
        data_dir, "pg_dump", "--format=custom", "--compress=0", "--no-owner", "--file", str(file)
    )


def database_load(data_dir: DataDir, file: Path) -> None:
    """Load a dump into a new database, all or nothing. Raises ``EmbeddedError``."""
    _client(data_dir, "pg_restore", "--single-transaction", "--no-owner", str(file))


def check_namespace() -> None:
    """Raise unless this system lets root start PostgreSQL as another user."""
    prefix = unprivileged()
    if prefix and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:  # noqa: S603
        raise EmbeddedError(
            "PostgreSQL does not run as root, and this system does not allow user namespaces. "
            "Run it as a plain user, or allow them with "
            "`sysctl kernel.unprivileged_userns_clone=1`."
        )


def _client(data_dir: DataDir, name: str, *words: str) -> None:
    """Run a client of PostgreSQL; its password is in the environment, as arguments are public."""
    port = str(data_dir.ports["postgres"])
    done = subprocess.run(  # noqa: S603 - our own command
        [
            str(postgres_binary(data_dir, name)),
            *("--host", "127.0.0.1", "--port", port, "--username", "scriptorium"),
            *("--dbname", "postgres", "--no-password", *words),
        ],
        env={**os.environ, "PGPASSWORD": data_dir.password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = " ".join(done.stderr.split())
        raise EmbeddedError(f"PostgreSQL's {name} failed ({done.returncode}): {reason}")


def _wait(data_dir: DataDir, program: Program, process: "subprocess.Popen[bytes]") -> None:
    error = wait_until_ready(
        program.readiness_error,
        lambda waited_s: process.poll() is not None or waited_s > START_TIMEOUT_S,
    )
    if error is not None:
        message = with_log(data_dir, f"PostgreSQL is not ready: {error}", program.name)
        raise EmbeddedError(message) from error
