"""One data folder: what is chosen once and kept, who may read it, and what is said of a bad one."""

import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from apps.embedded import data_dir as module
from apps.embedded.data_dir import SERVICES, DataDir, port_is_free, write_private
from apps.embedded.errors import EmbeddedError
from tests.support.eventually import eventually
from tests.support.launcher import free_port
from tests.support.processes import Running


def mode(path: Path) -> int:
    """Return who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_new_place_chooses_a_port_for_each_service(place: DataDir) -> None:
    """Four different ones, below those that systems give to outgoing connections."""
    assert set(place.ports) == set(SERVICES)
    assert len(set(place.ports.values())) == len(SERVICES)
    assert all(20_000 <= port < 32_000 for port in place.ports.values())


def test_place_opened_again_is_the_same(place: DataDir, data_dir: Path) -> None:
    """Ports and secrets are chosen once: the database knows its password."""
    assert DataDir.open(data_dir) == place


def test_two_places_share_no_secret(place: DataDir, tmp_path: Path) -> None:
    """Each data folder has its own."""
    other = DataDir.open(tmp_path / "other")
    assert other.secret_key != place.secret_key
    assert other.password != place.password


def test_port_in_use_is_not_chosen(
    listener: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody listens on is left to them."""
    taken = listener.getsockname()[1]
    free = [free_port() for _ in SERVICES]
    monkeypatch.setattr(module, "_PORTS", [taken, *free])
    assert not port_is_free(taken)
    for name in "abcde":
        assert sorted(DataDir.open(tmp_path / name).ports.values()) == sorted(free)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a server of somebody else."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_secrets_and_folders_are_for_the_owner_alone(data_dir: Path) -> None:
    """Whatever the system lets others read by default."""
    before = os.umask(0)
    try:
        place = DataDir.open(data_dir)
        write_private(data_dir / "run" / "word", place.password)
    finally:
        os.umask(before)
    assert [mode(data_dir / name) for name in ("", "run", "log")] == [0o700] * 3
    assert [mode(data_dir / name) for name in ("state.json", "run/word")] == [0o600] * 2


def test_private_file_over_one_that_others_may_read_is_private(tmp_path: Path) -> None:
    """Also where a write was cut short before."""
    for name in ("word", "word.new"):
        (tmp_path / name).write_text("old")
        (tmp_path / name).chmod(0o644)
    write_private(tmp_path / "word", "new")
    assert (mode(tmp_path / "word"), (tmp_path / "word").read_text()) == (0o600, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["word"]


def without(name: str) -> Callable[[str], str]:
    """Return how to lose one entry of the state."""
    return lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != name})


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "\0" * len(text),
        lambda text: "[]",
        lambda text: "{}",
        lambda text: "null",
        without("ports"),
        without("password"),
        without("secret_key"),
        lambda text: text.replace('"kafka"', '"rabbit"'),
    ],
    ids=[
        "cut short",
        "empty",
        "zeros",
        "a list",
        "nothing in it",
        "null",
        "no ports",
        "no password",
        "no key",
        "a port missing",
    ],
)
def test_damaged_state_is_said_so_and_kept(
    damage: Callable[[str], str], place: DataDir, data_dir: Path
) -> None:
    """New secrets would lock people out of their own data: nothing is written over it."""
    file = data_dir / "state.json"
    damaged = damage(file.read_text())
    file.write_text(damaged)
    with pytest.raises(EmbeddedError, match="damaged") as caught:
        DataDir.open(data_dir)
    assert str(file) in str(caught.value)
    assert "DATA_DIR=" in str(caught.value)
    assert file.read_text() == damaged


def test_port_changed_by_hand_is_taken(place: DataDir, data_dir: Path) -> None:
    """It is what the error about a port in use advises."""
    file = data_dir / "state.json"
    file.write_text(file.read_text().replace(str(place.ports["redis"]), "19999"))
    assert DataDir.open(data_dir).ports == {**place.ports, "redis": 19_999}


@pytest.mark.parametrize("below", ["", "deeper"], ids=["a file", "below a file"])
def test_folder_that_is_none_is_said_so(below: str, tmp_path: Path) -> None:
    """With a way out."""
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(EmbeddedError, match="cannot be used") as caught:
        DataDir.open(file / below)
    assert str(file) in str(caught.value)
    assert "DATA_DIR=" in str(caught.value)


def test_folder_where_nothing_can_be_made_is_said_so() -> None:
    """Not even by root."""
    with pytest.raises(EmbeddedError, match="cannot be used"):
        DataDir.open(Path("/proc/scriptorium"))


def test_control_socket_is_in_the_data_folder(place: DataDir, data_dir: Path) -> None:
    """Where its path is short enough."""
    assert place.control_socket == data_dir / "run" / "control.sock"


@pytest.fixture
def far(tmp_path: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataDir:
    """Return a place whose path is longer than a socket's may be."""
    monkeypatch.setattr(tempfile, "tempdir", str(short_path))
    return DataDir.open(tmp_path / ("long " * 20) / "data")


def test_control_socket_of_a_long_path_is_at_a_short_one(far: DataDir, short_path: Path) -> None:
    """One that the kernel takes, in a folder for the owner alone that goes away again."""
    control = far.control_socket
    assert control.parent.parent == short_path
    assert DataDir.open(far.data_dir).control_socket == control
    far.make_control_folder()
    assert mode(control.parent) == 0o700
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(control))
    control.unlink()
    far.remove_control_folder()
    assert list(short_path.iterdir()) == []


def test_control_folder_is_made_where_it_is_there_already(far: DataDir, place: DataDir) -> None:
    """After a kill, and in every data folder with a short path, which keeps it."""
    for each in (far, place):
        each.make_control_folder()
        each.make_control_folder()
    place.remove_control_folder()
    assert (place.data_dir / "run").is_dir()


def test_control_folder_of_somebody_else_is_refused(
    far: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who owns the folder could put a supervisor of their own there."""
    far.make_control_folder()
    somebody_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
    with pytest.raises(EmbeddedError, match="somebody else"):
        far.make_control_folder()


def test_control_folder_that_cannot_be_made_is_said_so(far: DataDir, short_path: Path) -> None:
    """The system's folder for temporary files may be another one by now."""
    gone = replace(far, control_socket=short_path / "gone" / "deeper" / "control.sock")
    with pytest.raises(EmbeddedError, match="cannot be made"):
        gone.make_control_folder()


def test_data_folder_that_was_moved_is_used_where_it_is(place: DataDir, data_dir: Path) -> None:
    """Nothing points back to where it was."""
    moved = data_dir.rename(data_dir.with_name("moved"))
    opened = DataDir.open(moved)
    assert (opened.ports, opened.password) == (place.ports, place.password)
    assert opened.control_socket == moved / "run" / "control.sock"
    assert not data_dir.exists()


def test_pid_is_that_of_a_living_process_only(place: DataDir) -> None:
    """A file may outlive its process; half a number, or none, is none either."""
    assert place.pid("web") is None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        place.pid_file("web").write_text(f"{process.pid}\n")
        assert place.pid("web") == process.pid
        process.communicate(b"\n")
    eventually(lambda: Running.find(process.pid) is None)
    assert place.pid("web") is None
    place.pid_file("web").write_text("")
    assert place.pid("web") is None


def test_urls_name_every_service_on_loopback(place: DataDir) -> None:
    """The settings of a deployment; what has a password says it."""
    urls = place.urls()
    assert set(urls) == {
        "CELERY_BROKER_URL",
        "DATABASE_URL",
        "KAFKA_BOOTSTRAP_SERVERS",
        "MONGODB_URL",
        "REDIS_URL",
    }
    for service, name in {
        "postgres": "DATABASE_URL",
        "redis": "REDIS_URL",
        "mongo": "MONGODB_URL",
        "kafka": "KAFKA_BOOTSTRAP_SERVERS",
    }.items():
        assert f"127.0.0.1:{place.ports[service]}" in urls[name]
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
        assert place.password in urls[name]
    assert urls["CELERY_BROKER_URL"] != urls["REDIS_URL"]
