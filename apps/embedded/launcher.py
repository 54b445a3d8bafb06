"""The launcher: starts the programs of a plan in order, reports progress, and stops them."""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import FrameType

from apps.embedded.data_dir import DataDir, port_is_free
from apps.embedded.data_dir_lock import UP, exclusive, in_progress
from apps.embedded.errors import EmbeddedError
from apps.embedded.management import run_management_commands
from apps.embedded.plan import Plan
from apps.embedded.probes import POLL_INTERVAL_S, wait_until_ready
from apps.embedded.programs import Program
from apps.embedded.run_command import with_log
from apps.embedded.supervise import Supervisor

#: How long one program may take until it serves, in seconds.
START_TIMEOUT_S = 60
#: How long a program may crash and be restarted before the start fails, in seconds.
CRASH_LOOP_TIMEOUT_S = 8
#: How long `down` and a second `up` wait until an earlier `up` has ended, in seconds.
EXIT_TIMEOUT_S = 60


class StopRequest(Exception):  # noqa: N818 - not an error
    """SIGINT or SIGTERM was received."""


class Launcher:
    """Starts the programs of a plan and runs in the foreground until a signal."""

    def __init__(self, data_dir: DataDir, plan: Plan) -> None:
        self._data_dir = data_dir
        self._plan = plan
        self._environment = {**plan.environment, "PYTHON": sys.executable}
        self._stopped = threading.Event()
        self._supervisor = Supervisor(data_dir, plan.programs, self._environment)

    def run(self) -> int:
        """Start all programs, wait for SIGINT or SIGTERM, stop them; return the exit code."""
        with exclusive(self._data_dir.path, UP) as other:
            if other == UP:
                print_line(f"Scriptorium is already running{_address(self._data_dir)}")
                return 0
            if other is not None:
                raise EmbeddedError(in_progress(other, self._data_dir.path))
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._on_signal)
            try:
                self._start()
                self._watch()
            except StopRequest:
                pass
            finally:
                self._stop()
        return 0

    # --- start ---

    def _start(self) -> None:
        print_line(f"Scriptorium is starting; its data is in {self._data_dir.path}")
        self._data_dir.make_control_folder()
        self._wait_for_earlier_supervisor()
        self._check_ports()
        for service in self._plan.external:
            with self._step(f"{service.title} of {service.variable}"):
                service.check()
        self._plan.prepare(self._step)
        self._start_supervisor()
        self._start_programs(self._plan.services)
        if not self._plan.product:
            print_line("Services are ready.")
            return
        commands = self._plan.commands
        run_management_commands(self._data_dir, commands, self._environment, self._step)
        self._start_programs(self._plan.product)
        self._print_welcome()

    def _wait_for_earlier_supervisor(self) -> None:
        """Wait for the supervisor of a launcher that was killed; it stops by itself."""
        if self._supervisor.answers():
            print_line("An earlier Scriptorium is still stopping …")
            self._wait(lambda: not self._supervisor.answers(), EXIT_TIMEOUT_S)
        self._remove_state_files()

    def _check_ports(self) -> None:
        names = {program.name for program in self._plan.programs}
        wanted = {name: port for name, port in self._data_dir.ports.items() if _needs(names, name)}
        if self._plan.product:
            wanted[self._plan.entrypoint] = self._plan.site.port
        for name, port in wanted.items():
            # An earlier run may still be ending.
            self._wait(partial(port_is_free, port), 2)
            if not port_is_free(port):
                advice = (
                    f"Choose another port: PORT={port + 100} make {self._plan.make_target}"
                    if name == self._plan.entrypoint
                    else f"Stop the program that listens there, or change the port in "
                    f"{self._data_dir.path / 'state.json'}"
                )
                raise EmbeddedError(f"Port {port} (for {name}) is in use. {advice}")

    def _start_supervisor(self) -> None:
        self._supervisor.start()
        self._wait(
            lambda: self._supervisor.has_died() or self._supervisor.answers(), START_TIMEOUT_S
        )
        if self._supervisor.has_died() or not self._supervisor.answers():
            raise EmbeddedError(
                with_log(self._data_dir, "The supervisor does not start.", "supervisord")
            )

    def _start_programs(self, programs: Sequence[Program]) -> None:
        """Start programs that do not depend on one another, and wait for each of them."""
        for program in programs:
            self._supervisor.launch(program.name)
        for program in programs:
            with self._step(program.title):
                self._wait_for(program)

    def _wait_for(self, program: Program) -> None:
        error = wait_until_ready(
            partial(program.readiness_error, self._supervisor.check_running),
            partial(self._has_failed, program),
        )
        if error is not None:
            message = f"{program.title} is not ready: {error}"
            raise EmbeddedError(with_log(self._data_dir, message, program.name)) from error

    def _has_failed(self, program: Program, waited_s: float) -> bool:
        """Return whether to give up on a program; one that crashes repeatedly fails early."""
        if waited_s > START_TIMEOUT_S or self._supervisor.has_died():
            return True
        return waited_s > CRASH_LOOP_TIMEOUT_S and self._supervisor.state(program.name) == "BACKOFF"

    def _print_welcome(self) -> None:
        self._data_dir.address_file.write_text(self._plan.site.url, encoding="utf-8")
        print_line("")
        print_line(f"Scriptorium is ready: {self._plan.site.url}")
        print_line(
            "Log in as ada, grace, alan (may not create documents) or admin (also at /admin/)."
        )
        self._print_passwords()
        print_line("Ctrl-C stops everything; nothing is lost.")

    def _print_passwords(self) -> None:
        """Print the known password, or new random ones, once."""
        if self._plan.site.is_loopback:
            print_line("The password of each is: scriptorium")
            return
        file = self._data_dir.new_passwords_file
        if not file.exists():
            print_line(
                "Their passwords were printed at the first start with this HOST. Another one: "
                "Users, at /admin/."
            )
            return
        print_line("Other machines reach this address, so their passwords are new. Keep them:")
        for username, password in json.loads(file.read_text(encoding="utf-8")).items():
            print_line(f"  {username:8} {password}")
        file.unlink()

    # --- run and stop ---

    def _watch(self) -> None:
        """Wait for a signal; restart the supervisor if it dies. It restarts the programs itself."""
        while True:
            self._pause(1.0)
            if self._supervisor.has_died():
                print_line("The supervisor has died; it is restarted.")
                self._start_supervisor()
                self._start_programs(self._plan.services)
                self._start_programs(self._plan.product)

    def _stop(self) -> None:
        print_line("Stopping …")
        started = time.monotonic()
        self._supervisor.stop()
        self._remove_state_files()
        self._data_dir.remove_control_folder()
        print_line(f"Stopped ({time.monotonic() - started:.1f} s).")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # A second Ctrl-C must not interrupt the orderly stop.
        for ignored in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ignored, signal.SIG_IGN)
        raise StopRequest

    # --- helpers ---

    def _remove_state_files(self) -> None:
        """Remove the pid files, sockets and the address file of processes that have ended."""
        self._data_dir.address_file.unlink(missing_ok=True)
        for name in ("supervisord", *(program.name for program in self._plan.programs)):
            self._data_dir.pid_file(name).unlink(missing_ok=True)
            self._data_dir.connections_socket(name).unlink(missing_ok=True)

    def _pause(self, seconds: float = POLL_INTERVAL_S) -> None:
        self._stopped.wait(seconds)

    def _wait(self, condition: Callable[[], object], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            self._pause()

    @contextlib.contextmanager
    def _step(self, title: str) -> Iterator[None]:
        """Print the title of a step and, when it has ended, how long it took."""
        started = time.monotonic()
        print(f"  {title} … ", end="", flush=True)  # noqa: T201 - progress for a person
        try:
            yield
        except BaseException:
            print_line("")
            raise
        print_line(f"ready ({time.monotonic() - started:.1f} s)")


def down(data_dir: DataDir) -> int:
    """Stop the running launcher of this data folder, and wait until all its programs have ended."""
    pid: int | None = None
    deadline = time.monotonic() + EXIT_TIMEOUT_S
    while time.monotonic() < deadline:
        with exclusive(data_dir.path, "stop") as other:
            if other is None:
                print_line(
                    "Scriptorium is not running." if pid is None else "Scriptorium has stopped."
                )
                return 0
        # A launcher that has just started has not written its process id yet.
        if pid is None and (pid := data_dir.pid("up")) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        threading.Event().wait(POLL_INTERVAL_S)
    raise EmbeddedError(
        f"Process {pid} did not end within {EXIT_TIMEOUT_S} s; see {data_dir.path}/log"
    )


def print_line(text: str) -> None:
    """Print a line of progress on the terminal."""
    print(text, flush=True)  # noqa: T201 - this is the interface


def _needs(programs: set[str], name: str) -> bool:
    """Return whether a port belongs to one of these programs, by its name or as a second port."""
    return name in programs or name.removesuffix("-controller") in programs


def _address(data_dir: DataDir) -> str:
    """Return the end of "is already running": the address, once it serves pages."""
    try:
        return f": {data_dir.address_file.read_text(encoding='utf-8')}"
    except FileNotFoundError:
        return "."
