"""Becoming a program of the supervisor: the pid file, the same process, the end of the parent."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from apps.embedded.data_dir import DataDir
from apps.embedded.programs import child_command
from tests.support.eventually import eventually
from tests.support.processes import Running

#: Says which signal came, to the file that it is given, and ends.
TELLS = """
import pathlib, signal, sys
def tell(number, frame):
    pathlib.Path(sys.argv[1]).write_text(signal.Signals(number).name)
    sys.exit(3)
for name in (signal.SIGTERM, signal.SIGINT):
    signal.signal(name, tell)
print("ready", flush=True)
while True:
    signal.pause()
"""

#: Starts what it is told, says so by the child's own words, and waits.
PARENT = """
import subprocess, sys
with subprocess.Popen(sys.argv[1:]):
    pass
"""


@contextmanager
def started(*words: str) -> "Iterator[subprocess.Popen[str]]":
    """Run a command until it says that it is ready; it is killed at the end, if still there."""
    with ExitStack() as ends:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        ends.callback(process.wait)
        ends.callback(process.kill)
        assert process.stdout is not None
        ends.enter_context(process.stdout)
        assert process.stdout.readline() == "ready\n"
        yield process


def child(place: DataDir, stop_signal: str, heard: Path) -> list[str]:
    """Return the command of a child that writes down the signal it hears."""
    words = child_command(place, "thing", stop_signal)
    return [*words, sys.executable, "-c", TELLS, str(heard)]


def test_child_writes_its_pid_and_becomes_the_command(place: DataDir, tmp_path: Path) -> None:
    """The file names the process that the supervisor started; a signal comes to the command."""
    heard = tmp_path / "heard"
    place.pid_file("thing").write_text("1234567\n")
    with started(*child(place, "SIGTERM", heard)) as process:
        assert place.pid("thing") == process.pid
        assert [path.name for path in (place.data_dir / "run").iterdir()] == ["thing.pid"]
        process.terminate()
        assert process.wait() == 3
    assert heard.read_text() == "SIGTERM"


@pytest.mark.parametrize("stop_signal", ["SIGTERM", "SIGINT"])
def test_child_of_a_parent_that_is_killed_gets_its_own_stop_signal(
    stop_signal: str, place: DataDir, tmp_path: Path
) -> None:
    """Nothing outlives the supervisor, and PostgreSQL ends by the signal that it wants."""
    heard = tmp_path / "heard"
    words = child(place, stop_signal, heard)
    with started(sys.executable, "-c", PARENT, *words) as parent:
        pid = place.pid("thing")
        assert pid is not None
        assert pid != parent.pid
        parent.kill()
        eventually(lambda: Running.find(pid) is None)
    assert heard.read_text() == stop_signal


def test_child_of_a_command_that_is_not_there_ends_with_an_error(place: DataDir) -> None:
    """The supervisor's log says what is missing."""
    words = child_command(place, "thing", "SIGTERM")
    done = subprocess.run([*words, "no-such-program"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "no-such-program" in done.stderr or "FileNotFoundError" in done.stderr
