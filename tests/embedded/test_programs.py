"""The programs: their commands, their environment, and errors of missing ones."""

import os
from pathlib import Path

import pytest

from apps.embedded import binaries
from apps.embedded.data_dir import RELAYS_FILE, SERVICES, DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.plan import environment_of, up_plan
from apps.embedded.programs import (
    Site,
    product,
    services,
    unprivileged,
)
from apps.embedded.stack import stack_environment

#: Every program with a pid file.
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
def test_site_url_can_be_opened_on_this_machine(host: str, url: str) -> None:
    """Also if the server listens on all interfaces."""
    assert Site(host=host, port=8100).url == url


def test_services_start_before_the_product(data_dir: DataDir) -> None:
    """In the order of their start."""
    everything = [*services(data_dir), *product(data_dir, Site("127.0.0.1", 8100))]
    assert tuple(program.name for program in everything) == ALL


def test_services_listen_on_loopback_only(data_dir: DataDir) -> None:
    """By their options; our two servers have no other address."""
    for program in services(data_dir):
        words = " ".join(program.command)
        assert "127.0.0.1" in words or "-m apps.embedded." in words, program.name
        assert "0.0.0.0" not in words  # noqa: S104 - nothing listens


def test_no_secret_is_on_a_command_line(data_dir: DataDir) -> None:
    """Every user of the machine can read command lines."""
    for program in services(data_dir):
        assert data_dir.password not in program.command_line(data_dir), program.name
        assert data_dir.secret_key not in program.command_line(data_dir), program.name


def test_environment_names_the_services_of_this_data_folder(
    data_dir: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller's environment does not replace them; its ALLOWED_HOSTS is kept."""
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/other")
    monkeypatch.setenv("ALLOWED_HOSTS", "notes.example")
    environment = environment_of(data_dir, data_dir.urls())
    assert environment.items() >= data_dir.urls().items()
    assert environment["SECRET_KEY"] == data_dir.secret_key
    assert environment["DATA_DIR"] == str(data_dir.path)
    assert environment["ALLOWED_HOSTS"] == "notes.example"
    monkeypatch.delenv("ALLOWED_HOSTS")
    assert "RELAYS_UNTIL" not in environment
    (data_dir.path / RELAYS_FILE).write_text("1800000000\n")
    assert environment_of(data_dir, data_dir.urls())["RELAYS_UNTIL"] == "1800000000"
    assert "localhost" in environment_of(data_dir, data_dir.urls())["ALLOWED_HOSTS"].split(",")


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - nothing listens
        ("::", False),
        ("192.168.1.5", False),
        ("notes.example", False),
    ],
)
def test_site_that_others_reach_has_no_known_password_and_no_open_metrics(
    data_dir: DataDir, monkeypatch: pytest.MonkeyPatch, host: str, is_loopback: bool
) -> None:
    """The caller's environment does not change that."""
    monkeypatch.setenv("DEMO_PASSWORD_KNOWN", "true")
    site = Site(host=host, port=8100)
    assert site.is_loopback == is_loopback
    environment = up_plan(data_dir, site).environment
    assert environment["DEMO_PASSWORD_KNOWN"] == ("true" if is_loopback else "false")
    assert environment.get("PROBES_LOCAL_ONLY") == (None if is_loopback else "true")
    assert stack_environment(data_dir, [], site)["DEMO_PASSWORD_KNOWN"] == (
        "true" if is_loopback else "false"
    )


def test_missing_package_is_an_error_that_names_it() -> None:
    """There may be no wheel for this system."""
    with pytest.raises(EmbeddedError, match="no_such_package is not installed"):
        binaries._package_folder("no_such_package")


def test_unprivileged_prefix_of_a_plain_user_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL runs without a namespace."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged() == ()


def test_unprivileged_prefix_of_root_needs_unshare(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PostgreSQL refuses to run as root; the error says what to install."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedError, match="util-linux"):
        unprivileged()
    (tmp_path / "unshare").touch(mode=0o755)
    assert unprivileged()[0] == "unshare"
