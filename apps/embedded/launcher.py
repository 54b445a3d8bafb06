"""Start everything that a plan has, in order, say so, watch it, and stop it all again."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import FrameType

from apps.embedded.data_dir import DataDir, port_is_free
from apps.embedded.data_dir_lock import UP, exclusive
from apps.embedded.errors import EmbeddedError
from apps.embedded.plan import Plan
from apps.embedded.programs import ROOT, Program
from apps.embedded.run_command import run_logged, with_log
from apps.embedded.supervise import Supervisor

#: How long one program may take until it serves, in seconds.
START_WAIT_S = 60
#: How long a program may end and be started again until that is an error, in seconds.
FAIL_WAIT_S = 8
#: How long `down` and a second `up` wait for an earlier one to end, in seconds.
GONE_WAIT_S = 60
#: Between two looks at something that is about to change, in seconds.
LOOK_S = 0.05


class StopRequest(Exception):  # noqa: N818 - a wish, not an error
    """SIGINT or SIGTERM came."""


class Launcher:
    """Runs in the foreground from ``run`` until a signal."""

    def __init__(self, place: DataDir, plan: Plan) -> None:
        self._place = place
        self._plan = plan
        self._environment = {**plan.environment, "PYTHON": sys.executable}
        self._stopped = threading.Event()
        self._supervisor = Supervisor(place, plan.programs, self._environment)

    def run(self) -> int:
        """Start, stay until SIGINT or SIGTERM, stop. Returns the exit code."""
        with exclusive(self._place.data_dir, UP) as other:
            if other == UP:
                say(f"Scriptorium runs already{_address(self._place)}")
                return 0
            if other is not None:
                raise EmbeddedError(f"A {other} of {self._place.data_dir} is under way: wait.")
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
        say(f"Scriptorium starts; its data is in {self._place.data_dir}")
        self._place.make_control_folder()
        self._clear_after_kill()
        self._check_ports()
        for given in self._plan.given:
            with self._step(f"{given.title} of {given.variable}"):
                given.check()
        self._plan.prepare(self._step)
        self._start_supervisor()
        self._start_programs(self._plan.services)
        if not self._plan.product:
            say("Services are ready.")
            return
        for title, words in self._plan.commands:
            self._manage(title, *words)
        self._start_programs(self._plan.product)
        self._greet()

    def _clear_after_kill(self) -> None:
        """Wait for what a launcher left behind that was killed: its supervisor stops by itself."""
        if self._supervisor.answers():
            say("An earlier Scriptorium is still stopping …")
            self._wait(lambda: not self._supervisor.answers(), GONE_WAIT_S)
        self._remove_notes()

    def _check_ports(self) -> None:
        names = {program.name for program in self._plan.programs}
        wanted = {name: port for name, port in self._place.ports.items() if _needs(names, name)}
        if self._plan.product:
            wanted[self._plan.door] = self._plan.site.port
        for name, port in wanted.items():
            # An earlier run may just be ending.
            self._wait(partial(port_is_free, port), 2)
            if not port_is_free(port):
                advice = (
                    f"Choose another one: PORT={port + 100} make {self._plan.word}"
                    if name == self._plan.door
                    else f"End the program that listens there, or change it in "
                    f"{self._place.data_dir / 'state.json'}"
                )
                raise EmbeddedError(f"Port {port} (for {name}) is in use. {advice}")

    def _start_supervisor(self) -> None:
        self._supervisor.start()
        self._wait(lambda: self._supervisor.has_died() or self._supervisor.answers(), START_WAIT_S)
        if self._supervisor.has_died() or not self._supervisor.answers():
            raise EmbeddedError(
                with_log(self._place, "The supervisor does not start.", "supervisord")
            )

    def _start_programs(self, programs: Sequence[Program]) -> None:
        """Start programs that need nothing of each other, and wait for each of them."""
        for program in programs:
            self._supervisor.launch(program.name)
        for program in programs:
            with self._step(program.title):
                self._wait_for(program)

    def _wait_for(self, program: Program) -> None:
        started = time.monotonic()
        while (trouble := program.trouble(self._check_running)) is not None:
            if self._is_hopeless(program, time.monotonic() - started):
                message = f"{program.title} is not ready: {trouble}"
                raise EmbeddedError(with_log(self._place, message, program.name)) from trouble
            self._pause()

    def _is_hopeless(self, program: Program, waited_s: float) -> bool:
        """Return whether a program will not be ready; one that dies again and again fails early."""
        if waited_s > START_WAIT_S or self._supervisor.has_died():
            return True
        return waited_s > FAIL_WAIT_S and self._supervisor.state(program.name) == "BACKOFF"

    def _manage(self, title: str, *words: str) -> None:
        with self._step(title):
            command = [sys.executable, str(ROOT / "manage.py"), *words]
            run_logged(self._place, words[0], command, self._environment)

    def _greet(self) -> None:
        self._place.address_file.write_text(self._plan.site.url, encoding="utf-8")
        say("")
        say(f"Scriptorium is ready: {self._plan.site.url}")
        say("Log in as ada, grace, alan (may not create documents) or admin (also at /admin/).")
        say("The password of each is: scriptorium")
        say("Ctrl-C stops everything; nothing is lost.")

    # --- while it runs, and the end ---

    def _watch(self) -> None:
        """Stay. Programs are the supervisor's care; the supervisor is ours."""
        while True:
            self._pause(1.0)
            if self._supervisor.has_died():
                say("The supervisor died; it is started again.")
                self._start_supervisor()
                self._start_programs(self._plan.services)
                self._start_programs(self._plan.product)

    def _stop(self) -> None:
        say("Stopping …")
        started = time.monotonic()
        self._supervisor.stop()
        self._remove_notes()
        self._place.remove_control_folder()
        say(f"Stopped ({time.monotonic() - started:.1f} s).")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # A second Ctrl-C must not cut the orderly end short.
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise StopRequest

    # --- help ---

    def _remove_notes(self) -> None:
        """Take back what is said in files of processes that have ended."""
        self._place.address_file.unlink(missing_ok=True)
        for name in ("supervisord", *(each.name for each in self._plan.programs)):
            self._place.pid_file(name).unlink(missing_ok=True)

    def _check_running(self, name: str) -> None:
        self._supervisor.check_running(name)

    def _pause(self, seconds: float = LOOK_S) -> None:
        self._stopped.wait(seconds)

    def _wait(self, condition: Callable[[], object], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            self._pause()

    @contextlib.contextmanager
    def _step(self, title: str) -> Iterator[None]:
        """Say what goes on and, at its end, how long it took."""
        started = time.monotonic()
        print(f"  {title} … ", end="", flush=True)  # noqa: T201 - progress for a person
        try:
            yield
        except BaseException:
            say("")
            raise
        say(f"ready ({time.monotonic() - started:.1f} s)")


def down(place: DataDir) -> int:
    """End a running launcher of this data folder, and wait until all of it is gone."""
    pid: int | None = None
    deadline = time.monotonic() + GONE_WAIT_S
    while time.monotonic() < deadline:
        with exclusive(place.data_dir, "stop") as other:
            if other is None:
                say("Scriptorium does not run." if pid is None else "Scriptorium has stopped.")
                return 0
        # One that has only just begun has not yet written its process id.
        if pid is None and (pid := place.pid("up")) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        threading.Event().wait(LOOK_S)
    raise EmbeddedError(
        f"Process {pid} did not end within {GONE_WAIT_S} s; see {place.data_dir}/log"
    )


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, flush=True)  # noqa: T201 - this is the interface


def _needs(programs: set[str], name: str) -> bool:
    """Return whether a port is one of these programs', by its name or as a second one."""
    return name in programs or name.partition("-")[0] in programs


def _address(place: DataDir) -> str:
    """Return the end of "runs already": where, once it serves pages."""
    try:
        return f": {place.address_file.read_text(encoding='utf-8')}"
    except FileNotFoundError:
        return "."
