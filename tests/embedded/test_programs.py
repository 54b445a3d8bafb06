"""The programs: their words, their environment, and what is said where one cannot be."""

import os
from pathlib import Path

import pytest

from apps.embedded import binaries
from apps.embedded.data_dir import SERVICES, DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.plan import environment_of
from apps.embedded.programs import (
    Site,
    product,
    services,
    unprivileged,
)

#: Every program that the contract promises a pid file of.
ALL = (*SERVICES, "web", "worker", "beat")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8100"),
        ("0.0.0.0", "http://127.0.0.1:8100"),  # noqa: S104 - nothing listens
        ("::", "http://127.0.0.1:8100"),
        ("notes.example", "http://notes.example:8100"),
    ],
)
def test_site_has_an_address_that_a_browser_here_can_open(host: str, url: str) -> None:
    """Nobody can call "all interfaces"."""
    assert Site(host=host, port=8100).url == url


def test_services_come_before_what_needs_them(place: DataDir) -> None:
    """In the order of their start."""
    everything = [*services(place), *product(Site("127.0.0.1", 8100))]
    assert tuple(program.name for program in everything) == ALL


def test_no_service_listens_beyond_this_machine(place: DataDir) -> None:
    """Each is told loopback, in the words of its own; the two of ours know nothing else."""
    for program in services(place):
        words = " ".join(program.command)
        assert "127.0.0.1" in words or "-m apps.embedded." in words, program.name
        assert "0.0.0.0" not in words  # noqa: S104 - nothing listens


def test_no_secret_is_on_a_command_line(place: DataDir) -> None:
    """Everybody on the machine reads command lines."""
    for program in services(place):
        assert place.password not in program.command_line(place), program.name
        assert place.secret_key not in program.command_line(place), program.name


def test_environment_names_the_services_of_this_data_folder(
    place: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the person's own environment says; what it says of hosts is kept."""
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/other")
    monkeypatch.setenv("ALLOWED_HOSTS", "notes.example")
    environment = environment_of(place, place.urls())
    assert environment.items() >= place.urls().items()
    assert environment["SECRET_KEY"] == place.secret_key
    assert environment["DATA_DIR"] == str(place.data_dir)
    assert environment["ALLOWED_HOSTS"] == "notes.example"
    monkeypatch.delenv("ALLOWED_HOSTS")
    assert "localhost" in environment_of(place, place.urls())["ALLOWED_HOSTS"].split(",")


def test_package_that_is_missing_is_said_by_name() -> None:
    """There may be no wheel of it for this system."""
    with pytest.raises(EmbeddedError, match="no_such_package is not installed"):
        binaries._package_folder("no_such_package")


def test_plain_user_runs_postgresql_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing goes before the command."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged() == ()


def test_root_without_help_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PostgreSQL refuses to run as root, and its own words would be a riddle."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedError, match="util-linux"):
        unprivileged()
    (tmp_path / "unshare").touch(mode=0o755)
    assert unprivileged()[0] == "unshare"
