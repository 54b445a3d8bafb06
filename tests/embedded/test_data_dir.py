"""The data folder: its stored ports and secrets, file modes, and errors of an unusable one."""

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
from urllib.parse import quote

import pytest

from apps.embedded import data_dir as module
from apps.embedded.data_dir import SERVICES, DataDir, port_is_free, write_private
from apps.embedded.errors import EmbeddedError
from tests.support.eventually import eventually
from tests.support.launcher import free_port
from tests.support.processes import Running


def mode(path: Path) -> int:
    """Return the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_new_data_dir_has_a_port_for_each_service(data_dir: DataDir) -> None:
    """Different ports, below the range of outgoing connections."""
    assert set(data_dir.ports) == set(SERVICES)
    assert len(set(data_dir.ports.values())) == len(SERVICES)
    assert all(20_000 <= port < 32_000 for port in data_dir.ports.values())


def test_data_dir_opened_again_is_equal(data_dir: DataDir, folder: Path) -> None:
    """Ports and secrets are chosen once; the database has stored its password."""
    assert DataDir.open(folder) == data_dir


def test_two_data_dirs_share_no_secret(data_dir: DataDir, tmp_path: Path) -> None:
    """Each data folder has its own."""
    other = DataDir.open(tmp_path / "other")
    assert other.secret_key != data_dir.secret_key
    assert other.password != data_dir.password


def test_port_in_use_is_not_chosen(
    listener: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port on which another program listens."""
    taken = listener.getsockname()[1]
    free = [free_port() for _ in SERVICES]
    monkeypatch.setattr(module, "_PORT_RANGE", [taken, *free])
    assert not port_is_free(taken)
    for name in "abcde":
        assert sorted(DataDir.open(tmp_path / name).ports.values()) == sorted(free)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a server of another program."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_further_ports_are_none_of_its_own_and_are_stored(
    data_dir: DataDir, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nothing listens yet at the own ones; a second time they are the same."""
    own = data_dir.ports["postgres"]
    free = [free_port(), free_port()]
    monkeypatch.setattr(module, "_PORT_RANGE", [own, *free])
    grown = data_dir.with_ports(["web-1", "web-2"])
    assert {grown.ports["web-1"], grown.ports["web-2"]} == set(free)
    assert DataDir.open(folder) == grown
    assert grown.with_ports(["web-1", "web-2"]) is grown


def test_secrets_and_folders_are_readable_by_the_owner_only(folder: Path) -> None:
    """Whatever the umask is."""
    before = os.umask(0)
    try:
        data_dir = DataDir.open(folder)
        write_private(folder / "run" / "word", data_dir.password)
    finally:
        os.umask(before)
    assert [mode(folder / name) for name in ("", "run", "log")] == [0o700] * 3
    assert [mode(folder / name) for name in ("state.json", "run/word")] == [0o600] * 2


def test_write_private_over_a_readable_file_is_private(tmp_path: Path) -> None:
    """Also after an interrupted write."""
    for name in ("word", "word.new"):
        (tmp_path / name).write_text("old")
        (tmp_path / name).chmod(0o644)
    write_private(tmp_path / "word", "new")
    assert (mode(tmp_path / "word"), (tmp_path / "word").read_text()) == (0o600, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["word"]


def without(name: str) -> Callable[[str], str]:
    """Return a function that removes one entry of the state."""
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
def test_damaged_state_is_an_error_and_is_not_overwritten(
    damage: Callable[[str], str], data_dir: DataDir, folder: Path
) -> None:
    """New secrets would lock people out of their own data."""
    file = folder / "state.json"
    damaged = damage(file.read_text())
    file.write_text(damaged)
    with pytest.raises(EmbeddedError, match="damaged") as caught:
        DataDir.open(folder)
    assert str(file) in str(caught.value)
    assert "DATA_DIR=" in str(caught.value)
    assert file.read_text() == damaged


def test_port_changed_by_hand_is_used(data_dir: DataDir, folder: Path) -> None:
    """As the error about a port in use advises."""
    file = folder / "state.json"
    file.write_text(file.read_text().replace(str(data_dir.ports["redis"]), "19999"))
    assert DataDir.open(folder).ports == {**data_dir.ports, "redis": 19_999}


@pytest.mark.parametrize("below", ["", "deeper"], ids=["a file", "below a file"])
def test_path_of_a_file_is_an_error(below: str, tmp_path: Path) -> None:
    """With advice."""
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(EmbeddedError, match="cannot be used") as caught:
        DataDir.open(file / below)
    assert str(file) in str(caught.value)
    assert "DATA_DIR=" in str(caught.value)


def test_folder_that_cannot_be_created_is_an_error() -> None:
    """Also for root."""
    with pytest.raises(EmbeddedError, match="cannot be used"):
        DataDir.open(Path("/proc/scriptorium"))


def test_control_socket_is_in_the_data_folder(data_dir: DataDir, folder: Path) -> None:
    """If its path is short enough."""
    assert data_dir.control_socket == folder / "run" / "control.sock"


@pytest.fixture
def long_data_dir(tmp_path: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataDir:
    """Return a data folder whose path is too long for a socket."""
    monkeypatch.setattr(tempfile, "tempdir", str(short_path))
    return DataDir.open(tmp_path / ("long " * 20) / "data")


def test_control_socket_of_a_long_path_is_at_a_short_one(
    long_data_dir: DataDir, short_path: Path
) -> None:
    """In a folder with mode 700 that is removed at the end."""
    control = long_data_dir.control_socket
    assert control.parent.parent == short_path
    assert DataDir.open(long_data_dir.path).control_socket == control
    long_data_dir.make_control_folder()
    assert mode(control.parent) == 0o700
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(control))
    control.unlink()
    long_data_dir.remove_control_folder()
    assert list(short_path.iterdir()) == []


def test_control_folder_may_exist_already(long_data_dir: DataDir, data_dir: DataDir) -> None:
    """After a kill, and in every data folder with a short path, which is not removed."""
    for opened in (long_data_dir, data_dir):
        opened.make_control_folder()
        opened.make_control_folder()
    data_dir.remove_control_folder()
    assert (data_dir.path / "run").is_dir()


def test_control_folder_of_another_user_is_refused(
    long_data_dir: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner of the folder could start another supervisor there."""
    long_data_dir.make_control_folder()
    another_user = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: another_user)
    with pytest.raises(EmbeddedError, match="another user"):
        long_data_dir.make_control_folder()


def test_control_folder_that_cannot_be_made_is_an_error(
    long_data_dir: DataDir, short_path: Path
) -> None:
    """The folder for temporary files may have changed."""
    gone = replace(long_data_dir, control_socket=short_path / "gone" / "deeper" / "control.sock")
    with pytest.raises(EmbeddedError, match="cannot be made"):
        gone.make_control_folder()


def test_moved_data_dir_is_used_at_its_new_path(data_dir: DataDir, folder: Path) -> None:
    """Nothing refers to the old path."""
    moved = folder.rename(folder.with_name("moved"))
    opened = DataDir.open(moved)
    assert (opened.ports, opened.password) == (data_dir.ports, data_dir.password)
    assert opened.control_socket == moved / "run" / "control.sock"
    assert not folder.exists()


def test_pid_is_none_unless_the_process_is_running(data_dir: DataDir) -> None:
    """The file may be stale, or empty."""
    assert data_dir.pid("web") is None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        data_dir.pid_file("web").write_text(f"{process.pid}\n")
        assert data_dir.pid("web") == process.pid
        process.communicate(b"\n")
    eventually(lambda: Running.find(process.pid) is None)
    assert data_dir.pid("web") is None
    data_dir.pid_file("web").write_text("")
    assert data_dir.pid("web") is None


def test_urls_name_every_service_on_loopback(data_dir: DataDir) -> None:
    """In the settings of a deployment, with the passwords."""
    urls = data_dir.urls()
    assert urls["ATTACHMENTS_URL"] == f"file://{quote(str(data_dir.path / 'files'))}"
    assert set(urls) == {
        "ATTACHMENTS_URL",
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
        assert f"127.0.0.1:{data_dir.ports[service]}" in urls[name]
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
        assert data_dir.password in urls[name]
    assert urls["CELERY_BROKER_URL"] != urls["REDIS_URL"]
