"""The kept supervisor: what it reads out of our configuration, and what it does with it."""

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

#: What people call their folders, and what means something to supervisord or to a shell.
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
    """Return a program that does nothing, for ever."""
    command = [sys.executable, "-c", "import signal; signal.pause()"]
    return Program(name, name, command, is_ready=lambda: None)


_NOTES_ITS_END = """
import signal, sys, threading
name, path = sys.argv[1:]
def note(word):
    with open(path, "a") as file:
        print(name, word, file=file, flush=True)
def end(*_):
    note("told")
    threading.Event().wait(1)
    note("ended")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
note("begun")
while True:
    signal.pause()
"""


def notes_its_end(name: str, notes: Path) -> Program:
    """Return a program that notes when it is told to end, and takes a second for it."""
    program = notes.with_name("program.py")
    program.write_text(_NOTES_ITS_END)
    return replace(waits(name), command=[sys.executable, str(program), name, str(notes)])


def said(notes: Path) -> list[str]:
    """Return what programs have noted."""
    return notes.read_text().splitlines() if notes.exists() else []


@pytest.mark.parametrize("name", NAMES)
def test_supervisord_reads_every_path_as_it_is(name: str, short_path: Path) -> None:
    """Its configuration has expansions, comments and quotes; a folder may be called like one."""
    place = DataDir.open(short_path / name)
    programs = [*services(place), *product(Site("127.0.0.1", 8100))]
    file = place.data_dir / "run" / "supervisord.conf"
    file.write_text(configuration(place, programs))
    read = ServerOptions()
    read.realize(["-c", str(file)])
    assert Path(read.logfile) == place.log_file("supervisord")
    [server] = read.server_configs
    assert Path(server["file"]) == place.control_socket
    configs = {
        config.name: config
        for group in read.process_group_configs
        for config in group.process_configs
    }
    assert set(configs) == {program.name for program in programs}
    for program in programs:
        config = configs[program.name]
        assert shlex.split(config.command) == shlex.split(program.command_line(place))
        assert Path(config.stdout_logfile) == place.log_file(program.name)
        assert config.stopsignal == signal.Signals[f"SIG{program.stop_signal}"]
        expected = place.data_dir if program.name == "beat" else ROOT
        assert Path(config.directory) == expected
        assert config.environment == dict(program.environment)


@pytest.fixture
def supervisor(short_path: Path) -> Iterator[Supervisor]:
    """Return a supervisor of two programs, in a folder with an awkward name."""
    place = DataDir.open(short_path / "50%d #1 it's")
    broken = replace(waits("broken"), command=["no-such-program"])
    supervisor = Supervisor(
        place, [waits("one"), waits("two"), broken], {**os.environ, "PYTHON": sys.executable}
    )
    supervisor.start()
    eventually(supervisor.answers)
    yield supervisor
    supervisor.stop()


def launch(supervisor: Supervisor, name: str) -> int:
    """Start a program; return the living process that its pid file names."""
    supervisor.launch(name)
    pid = eventually(lambda: supervisor._place.pid(name))
    assert pid is not None
    return pid


def is_running(supervisor: Supervisor, name: str) -> bool:
    """Return whether a program has stood its first second."""
    try:
        supervisor.check_running(name)
    except EmbeddedError:
        return False
    return True


def test_program_that_is_killed_is_started_again(supervisor: Supervisor) -> None:
    """Under a new id, which stands in its file; nobody else is disturbed."""
    with pytest.raises(EmbeddedError, match="STOPPED"):
        supervisor.check_running("one")
    first, other = launch(supervisor, "one"), launch(supervisor, "two")
    eventually(lambda: is_running(supervisor, "one"))
    os.kill(first, signal.SIGKILL)
    eventually(lambda: supervisor._place.pid("one") not in (None, first))
    eventually(lambda: is_running(supervisor, "one"))
    assert supervisor._place.pid("two") == other


def test_program_that_cannot_run_is_said_to_be_so(supervisor: Supervisor) -> None:
    """It is tried again and again, and its log says why."""
    supervisor.launch("broken")
    eventually(lambda: supervisor.state("broken") == "BACKOFF")
    eventually(lambda: "FileNotFoundError" in supervisor._place.log_file("broken").read_text())
    with pytest.raises(EmbeddedError, match="nothing"):
        supervisor.launch("nothing")


def test_programs_stop_stage_after_stage_and_side_by_side_within_one(short_path: Path) -> None:
    """Two that take their time begin to end together; what they need ends after both."""
    place = DataDir.open(short_path / "stages")
    notes = place.data_dir / "notes"
    programs = [
        notes_its_end("service", notes),
        replace(notes_its_end("slow", notes), stage=Stage.PRODUCT),
        replace(notes_its_end("other", notes), stage=Stage.PRODUCT),
    ]
    supervisor = Supervisor(place, programs, {**os.environ, "PYTHON": sys.executable})
    try:
        supervisor.start()
        eventually(supervisor.answers)
        for each in programs:
            launch(supervisor, each.name)
        eventually(lambda: len(said(notes)) == len(programs))
    finally:
        supervisor.stop()
    ends = said(notes)[len(programs) :]
    assert {line.split()[0] for line in ends[:2]} == {"slow", "other"}
    assert [line.split()[1] for line in ends] == ["told", "told", "ended", "ended", "told", "ended"]
    assert ends[-1] == "service ended"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_supervisor_that_ends_leaves_nothing_behind(
    number: signal.Signals, supervisor: Supervisor
) -> None:
    """In order, or without a word: then the kernel tells its programs."""
    for name in ("one", "two"):
        launch(supervisor, name)
    pid = supervisor._place.pid("supervisord")
    assert pid is not None
    everybody = family(pid)
    assert len(everybody) == 3
    os.kill(pid, number)
    eventually(lambda: not any(each.is_there for each in everybody))
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
