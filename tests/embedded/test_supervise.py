"""The supervisor: how supervisord reads its configuration, and how it runs programs."""

import os
import select
import shlex
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.programs import ROOT, Program, Site, Stage, product, services
from apps.embedded.supervise import Supervisor, configuration
from apps.embedded.supervisord import SignalWaker
from tests.support.eventually import eventually
from tests.support.processes import family

#: Folder names with characters that are special to supervisord or to a shell.
NAMES = [
    "two words",
    "100%",
    "a %d b",
    "%(here)s",
    "my #1",
    "a ;b",
    "it's",
    '"so"',
    "größe",
    "$HOME",
]


def waits(name: str) -> Program:
    """Return a program that waits until it is stopped."""
    command = [sys.executable, "-c", "import signal; signal.pause()"]
    return Program(name, name, command, probe=lambda: None)


_RECORDS_ITS_END = """
import signal, sys, threading
name, path = sys.argv[1:]
def note(word):
    with open(path, "a") as file:
        print(name, word, file=file, flush=True)
def end(*_):
    note("stopping")
    threading.Event().wait(1)
    note("ended")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
note("begun")
while True:
    signal.pause()
"""


def records_its_end(name: str, notes: Path) -> Program:
    """Return a program that records when it is told to end, and takes a second for it."""
    program = notes.with_name("program.py")
    program.write_text(_RECORDS_ITS_END)
    return replace(waits(name), command=[sys.executable, str(program), name, str(notes)])


def recorded(notes: Path) -> list[str]:
    """Return the lines that programs have recorded."""
    return notes.read_text().splitlines() if notes.exists() else []


@pytest.mark.parametrize("name", NAMES)
def test_supervisord_reads_every_path_as_it_is(name: str, short_path: Path) -> None:
    """Expansions, comments and quotes of its syntax may be part of a folder's name."""
    data_dir = DataDir.open(short_path / name)
    programs = [*services(data_dir), *product(data_dir, Site("127.0.0.1", 8100))]
    file = data_dir.path / "run" / "supervisord.conf"
    file.write_text(configuration(data_dir, programs))
    read = ServerOptions()
    read.realize(["-c", str(file)])
    assert Path(read.logfile) == data_dir.log_file("supervisord")
    [server] = read.server_configs
    assert Path(server["file"]) == data_dir.control_socket
    configs = {
        config.name: config
        for group in read.process_group_configs
        for config in group.process_configs
    }
    assert set(configs) == {program.name for program in programs}
    for program in programs:
        config = configs[program.name]
        assert shlex.split(config.command) == shlex.split(program.command_line(data_dir))
        assert Path(config.stdout_logfile) == data_dir.log_file(program.name)
        assert config.stopsignal == signal.Signals[f"SIG{program.stop_signal}"]
        expected = data_dir.path if program.name == "beat" else ROOT
        assert Path(config.directory) == expected
        assert config.environment == dict(program.environment)


@pytest.fixture
def supervisor(short_path: Path) -> Iterator[Supervisor]:
    """Return a supervisor of two programs, in a folder with an awkward name."""
    data_dir = DataDir.open(short_path / "50%d #1 it's")
    broken = replace(waits("broken"), command=["no-such-program"])
    supervisor = Supervisor(
        data_dir, [waits("one"), waits("two"), broken], {**os.environ, "PYTHON": sys.executable}
    )
    supervisor.start()
    eventually(supervisor.answers)
    yield supervisor
    supervisor.stop()


def launch(supervisor: Supervisor, name: str) -> int:
    """Start a program; return the living process that its pid file names."""
    supervisor.launch(name)
    pid = eventually(lambda: supervisor._data_dir.pid(name))
    assert pid is not None
    return pid


def is_running(supervisor: Supervisor, name: str) -> bool:
    """Return whether a program has run for its first second."""
    try:
        supervisor.check_running(name)
    except EmbeddedError:
        return False
    return True


def test_killed_program_is_restarted(supervisor: Supervisor) -> None:
    """With a new process id in its file; other programs keep running."""
    with pytest.raises(EmbeddedError, match="STOPPED"):
        supervisor.check_running("one")
    first, other = launch(supervisor, "one"), launch(supervisor, "two")
    eventually(lambda: is_running(supervisor, "one"))
    os.kill(first, signal.SIGKILL)
    eventually(lambda: supervisor._data_dir.pid("one") not in (None, first))
    eventually(lambda: is_running(supervisor, "one"))
    assert supervisor._data_dir.pid("two") == other


def test_program_that_cannot_run_is_in_backoff(supervisor: Supervisor) -> None:
    """It is restarted repeatedly, and its log has the reason."""
    supervisor.launch("broken")
    eventually(lambda: supervisor.state("broken") == "BACKOFF")
    eventually(lambda: "FileNotFoundError" in supervisor._data_dir.log_file("broken").read_text())
    with pytest.raises(EmbeddedError, match="nothing"):
        supervisor.launch("nothing")


def test_programs_stop_by_stage_and_at_once_within_a_stage(short_path: Path) -> None:
    """Two slow programs are stopped at once; the service that they need stops after both."""
    data_dir = DataDir.open(short_path / "stages")
    notes = data_dir.path / "notes"
    programs = [
        records_its_end("service", notes),
        replace(records_its_end("slow", notes), stage=Stage.PRODUCT),
        replace(records_its_end("other", notes), stage=Stage.PRODUCT),
    ]
    supervisor = Supervisor(data_dir, programs, {**os.environ, "PYTHON": sys.executable})
    try:
        supervisor.start()
        eventually(supervisor.answers)
        for program in programs:
            launch(supervisor, program.name)
        eventually(lambda: len(recorded(notes)) == len(programs))
    finally:
        supervisor.stop()
    ends = recorded(notes)[len(programs) :]
    assert {line.split()[0] for line in ends[:2]} == {"slow", "other"}
    assert [line.split()[1] for line in ends] == [
        "stopping",
        "stopping",
        "ended",
        "ended",
        "stopping",
        "ended",
    ]
    assert ends[-1] == "service ended"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_supervisor_that_ends_leaves_no_process_behind(
    number: signal.Signals, supervisor: Supervisor
) -> None:
    """Stopped, or killed: then the kernel signals its programs."""
    for name in ("one", "two"):
        launch(supervisor, name)
    pid = supervisor._data_dir.pid("supervisord")
    assert pid is not None
    everybody = family(pid)
    assert len(everybody) == 3
    os.kill(pid, number)
    eventually(lambda: not any(process.is_there for process in everybody))
    assert supervisor.has_died()
    assert not supervisor.answers()


@pytest.fixture
def waker() -> Iterator[SignalWaker]:
    """Return a waker of this process; afterwards signals wake what they woke before."""
    before = signal.set_wakeup_fd(-1)
    waker = SignalWaker()
    yield waker
    signal.set_wakeup_fd(before)
    waker.close()


def is_awake(waker: SignalWaker) -> bool:
    """Return whether a poll of the waker ends at once."""
    return bool(select.select([waker.reader], [], [], 0)[0])


def test_signal_ends_two_polls_of_the_event_loop(waker: SignalWaker) -> None:
    """A program that ended is reaped in the first round and started again in the second."""
    assert waker.readable()
    assert not waker.writable()
    assert not is_awake(waker)
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    rounds = 0
    while is_awake(waker):
        waker.handle_read_event()
        rounds += 1
    assert rounds == 2
