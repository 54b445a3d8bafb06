"""Management commands at the start: one process, a step and a log for each."""

import contextlib
import os
from collections.abc import Iterator

import pytest

from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.management import run_management_commands
from apps.embedded.plan import Command
from tests.support.processes import family

WAIT: Command = ("A long one", ("shell", "-c", "import threading; threading.Event().wait()"))


class Steps:
    """The steps that are shown; an interrupt within the one of the title ``interrupted``."""

    def __init__(self, interrupted: str = "") -> None:
        self.titles: list[str] = []
        self._interrupted = interrupted

    @contextlib.contextmanager
    def __call__(self, title: str) -> Iterator[None]:
        """Record a step; show whether it has ended."""
        self.titles.append(title)
        if title == self._interrupted:
            raise KeyboardInterrupt
        yield
        self.titles.append("ready")


def run(data_dir: DataDir, *commands: Command, steps: Steps | None = None, **other: str) -> Steps:
    """Run commands with the settings of this test run."""
    (data_dir.path / "log").mkdir(parents=True, exist_ok=True)
    steps = steps or Steps()
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.embedded", **other}
    run_management_commands(data_dir, commands, environment, steps)
    return steps


def setting(line: str) -> Command:
    """Return a command that changes a setting of its process."""
    return "Set", ("shell", "--no-imports", "-c", f"from django.conf import settings; {line}")


def test_commands_share_a_process_and_have_a_step_and_a_log_each(data_dir: DataDir) -> None:
    """What one leaves in memory, the next one finds; the output of each is in its own log."""
    shown = ("Show", ("diffsettings",))
    steps = run(data_dir, setting("settings.SET_BEFORE = 'x'; print('printed')"), shown)
    assert steps.titles == ["Set", "ready", "Show", "ready"]
    assert data_dir.log_file("shell").read_text() == "printed\n"
    assert "SET_BEFORE = 'x'" in data_dir.log_file("diffsettings").read_text()


def test_command_that_fails_is_an_error_with_the_end_of_its_log(data_dir: DataDir) -> None:
    """With its exit code; the next one does not run."""
    steps = Steps()
    failing = setting("print('the reason', flush=True); raise SystemExit(3)")
    with pytest.raises(EmbeddedError, match=r"`shell` failed \(3\)[^`]*the reason"):
        run(data_dir, ("Show", ("diffsettings",)), failing, WAIT, steps=steps)
    assert steps.titles == ["Show", "ready", "Set"]


def test_error_of_the_settings_is_in_the_log_of_the_first_command(data_dir: DataDir) -> None:
    """In one line."""
    with pytest.raises(EmbeddedError, match=r"`diffsettings` failed \(1\)[^`]*DATABASE_URL"):
        run(data_dir, ("Show", ("diffsettings",)), WAIT, DATABASE_URL="")
    assert "Traceback" not in data_dir.log_file("diffsettings").read_text()


def test_failure_after_the_last_command_is_an_error(data_dir: DataDir) -> None:
    """As that of a process of its own."""
    at_exit = setting("import atexit, os; atexit.register(os._exit, 4)")
    with pytest.raises(EmbeddedError, match=r"`shell` failed \(4\)"):
        run(data_dir, at_exit)


def test_interrupt_ends_the_process_of_the_commands(data_dir: DataDir) -> None:
    """It does not go on without the launcher."""
    before = family(os.getpid())
    with pytest.raises(KeyboardInterrupt):
        run(data_dir, ("Show", ("diffsettings",)), WAIT, steps=Steps(interrupted="A long one"))
    assert family(os.getpid()) <= before
