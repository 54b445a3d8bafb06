"""``python -m apps.embedded``: what a person, or a script, gets for wrong words and for ``env``."""

import subprocess
from pathlib import Path

import pytest

from apps.embedded.data_dir import DataDir
from tests.core.processes import run_python


def embedded(action: str, data_dir: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run one of the actions to its end."""
    return run_python("-m", "apps.embedded", action, DATA_DIR=str(data_dir), **environment)


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_port_that_is_none_is_said_by_its_name(port: str, data_dir: Path) -> None:
    """On one line, and nothing is started."""
    done = embedded("up", data_dir, PORT=port)
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.strip().splitlines()
    assert "PORT" in line


def test_data_folder_that_is_none_is_said_with_a_way_out(tmp_path: Path) -> None:
    """No traceback."""
    (tmp_path / "file").touch()
    done = embedded("up", tmp_path / "file")
    assert done.returncode == 1
    [line] = done.stderr.strip().splitlines()
    assert "cannot be used" in line
    assert "DATA_DIR=" in line


def test_action_that_is_none_is_said_with_those_that_are(data_dir: Path) -> None:
    """As every command line does."""
    done = embedded("upp", data_dir)
    assert done.returncode == 2
    for action in ("up", "services", "down", "env"):
        assert action in done.stderr


def test_env_is_for_a_shell(place: DataDir, data_dir: Path) -> None:
    """``eval "$(… env)"`` sets what the product reads, whatever is in the values."""
    done = embedded("env", data_dir, ALLOWED_HOSTS="a b; touch no'where $HOME")
    assert done.returncode == 0, done.stderr
    names = ("DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS")
    script = f"{done.stdout}printf '%s\n' " + " ".join(f'"${name}"' for name in names)
    said = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=True, env={}
    )
    assert said.stdout.splitlines() == [
        place.urls()["DATABASE_URL"],
        place.secret_key,
        "a b; touch no'where $HOME",
    ]


def test_down_where_nothing_runs_says_so(data_dir: Path) -> None:
    """It is no error: what was wished for is the case."""
    done = embedded("down", data_dir)
    assert (done.returncode, done.stdout.strip()) == (0, "Scriptorium does not run.")
