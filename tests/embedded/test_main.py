"""``python -m apps.embedded``: invalid arguments and settings, ``env`` and ``down``."""

import subprocess
from pathlib import Path

import pytest

from apps.embedded.data_dir import DataDir
from tests.core.processes import run_python


def embedded(action: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run an action to its end."""
    return run_python("-m", "apps.embedded", action, DATA_DIR=str(folder), **environment)


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_invalid_port_is_an_error_that_names_it(port: str, folder: Path) -> None:
    """One line, and nothing is started."""
    done = embedded("up", folder, PORT=port)
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.strip().splitlines()
    assert "PORT" in line


def test_unusable_data_folder_is_an_error_with_advice(tmp_path: Path) -> None:
    """One line without a traceback."""
    (tmp_path / "file").touch()
    done = embedded("up", tmp_path / "file")
    assert done.returncode == 1
    [line] = done.stderr.strip().splitlines()
    assert "cannot be used" in line
    assert "DATA_DIR=" in line


def test_unknown_action_is_an_error_that_lists_the_actions(folder: Path) -> None:
    """With the exit code of a usage error."""
    done = embedded("upp", folder)
    assert done.returncode == 2
    for action in ("up", "services", "down", "env"):
        assert action in done.stderr


def test_env_prints_settings_quoted_for_a_shell(data_dir: DataDir, folder: Path) -> None:
    """``eval "$(… env)"`` sets the product's settings, whatever characters are in the values."""
    done = embedded("env", folder, ALLOWED_HOSTS="a b; touch no'where $HOME")
    assert done.returncode == 0, done.stderr
    names = ("DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS")
    script = f"{done.stdout}printf '%s\n' " + " ".join(f'"${name}"' for name in names)
    printed = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=True, env={}
    )
    assert printed.stdout.splitlines() == [
        data_dir.urls()["DATABASE_URL"],
        data_dir.secret_key,
        "a b; touch no'where $HOME",
    ]


def test_down_without_a_running_launcher_prints_so(folder: Path) -> None:
    """It is no error."""
    done = embedded("down", folder)
    assert (done.returncode, done.stdout.strip()) == (0, "Scriptorium is not running.")
