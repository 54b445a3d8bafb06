"""A child of the supervisor: its pid file, its process, and the end of its parent."""

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

#: A program that writes the name of a received signal to a file, and exits.
RECORDS_SIGNAL = """
import pathlib, signal, sys
def record(number, frame):
    pathlib.Path(sys.argv[1]).write_text(signal.Signals(number).name)
    sys.exit(3)
for name in (signal.SIGTERM, signal.SIGINT):
    signal.signal(name, record)
print("ready", flush=True)
while True:
    signal.pause()
"""

#: A program that starts a child, which prints when it is ready, and waits.
PARENT = """
import subprocess, sys
with subprocess.Popen(sys.argv[1:]):
    pass
"""


@contextmanager
def started(*words: str) -> "Iterator[subprocess.Popen[str]]":
    """Run a command until it prints that it is ready; it is killed at the end."""
    with ExitStack() as ends:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        ends.callback(process.wait)
        ends.callback(process.kill)
        assert process.stdout is not None
        ends.enter_context(process.stdout)
        assert process.stdout.readline() == "ready\n"
        yield process


def child(data_dir: DataDir, stop_signal: str, received: Path) -> list[str]:
    """Return the command of a child that records the signal it receives."""
    words = child_command(data_dir, "thing", stop_signal)
    return [*words, sys.executable, "-c", RECORDS_SIGNAL, str(received)]


def test_child_writes_its_pid_and_becomes_the_command(data_dir: DataDir, tmp_path: Path) -> None:
    """The file names the process that the supervisor started; the command receives signals."""
    received = tmp_path / "received"
    data_dir.pid_file("thing").write_text("1234567\n")
    with started(*child(data_dir, "SIGTERM", received)) as process:
        assert data_dir.pid("thing") == process.pid
        assert [path.name for path in (data_dir.path / "run").iterdir()] == ["thing.pid"]
        process.terminate()
        assert process.wait() == 3
    assert received.read_text() == "SIGTERM"


@pytest.mark.parametrize("stop_signal", ["SIGTERM", "SIGINT"])
def test_child_of_a_parent_that_is_killed_gets_its_own_stop_signal(
    stop_signal: str, data_dir: DataDir, tmp_path: Path
) -> None:
    """No program outlives the supervisor, and PostgreSQL is stopped by SIGINT."""
    received = tmp_path / "received"
    words = child(data_dir, stop_signal, received)
    with started(sys.executable, "-c", PARENT, *words) as parent:
        pid = data_dir.pid("thing")
        assert pid is not None
        assert pid != parent.pid
        parent.kill()
        eventually(lambda: Running.find(pid) is None)
    assert received.read_text() == stop_signal


def test_child_with_a_missing_command_exits_with_an_error(data_dir: DataDir) -> None:
    """The supervisor's log names the command."""
    words = child_command(data_dir, "thing", "SIGTERM")
    done = subprocess.run([*words, "no-such-program"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "no-such-program" in done.stderr or "FileNotFoundError" in done.stderr
