"""``make up`` as a whole: how it starts, its errors, and how all its processes end.

Kills of single programs while people type are in ``tests/crash``.
"""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pymongo
import pytest
import redis

from apps.core import ids
from apps.embedded.data_dir import SERVICES, DataDir
from apps.embedded.supervise import Supervisor
from tests.support.control import wait_until_ready
from tests.support.eventually import eventually
from tests.support.launcher import START_WAIT_S, Launched
from tests.support.processes import Running, family

#: An update of the root text ``content``, base64.
UPDATE = "AQHw6ZoEAAQBB2NvbnRlbnQBeAA="
PROGRAMS = (*SERVICES, "web", "worker", "beat")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """Start only the services; a test that stops them starts them again."""
    launched = Launched(tmp_path_factory.mktemp("only services"), action="services")
    launched.wait_until_ready()
    yield launched
    launched.stop()


class Marker:
    """A word that is stored in each service with data on disk."""

    def __init__(self, launched: Launched) -> None:
        self.word = ids.new_id()
        self._urls = DataDir.open(launched.data_dir).urls()

    def store(self) -> None:
        """Store the word."""
        with psycopg.connect(self._urls["DATABASE_URL"]) as postgres:
            postgres.execute("CREATE TABLE IF NOT EXISTS markers (word text)")
            postgres.execute("INSERT INTO markers VALUES (%s)", [self.word])
        with redis.Redis.from_url(self._urls["REDIS_URL"]) as server:
            server.set(self.word, self.word)
        with pymongo.MongoClient[dict[str, str]](self._urls["MONGODB_URL"]) as mongo:
            mongo.get_default_database().markers.insert_one({"_id": self.word})

    def assert_is_stored(self) -> None:
        """Check that each service has the word."""
        with psycopg.connect(self._urls["DATABASE_URL"]) as postgres:
            query = "SELECT count(*) FROM markers WHERE word = %s"
            assert postgres.execute(query, [self.word]).fetchone() == (1,)
        with redis.Redis.from_url(self._urls["REDIS_URL"]) as server:
            assert server.get(self.word) == self.word.encode()
        with pymongo.MongoClient[dict[str, str]](self._urls["MONGODB_URL"]) as mongo:
            assert mongo.get_default_database().markers.find_one({"_id": self.word})


def processes_of(launched: Launched) -> set[Running]:
    """Return the launcher and its descendants."""
    return family(launched.process.pid)


def assert_all_gone(processes: set[Running], launched: Launched) -> None:
    """Check that no process is left, and no pid file."""
    assert {process for process in processes if process.is_there} == set()
    run = launched.data_dir / "run"
    assert [name for name in PROGRAMS if (run / f"{name}.pid").exists()] == []
    assert not (run / "control.sock").exists()


# --- the whole product -------------------------------------------------------------------------


def test_pid_file_of_every_program_names_its_process(stack: Launched) -> None:
    """Each file names a different descendant of the launcher."""
    pids = {name: stack.pid(name) for name in PROGRAMS}
    assert len(set(pids.values())) == len(PROGRAMS)
    assert set(pids.values()) <= {process.pid for process in processes_of(stack)}
    commands = {name: (Running.find(pid) or Running(0, 0)).command for name, pid in pids.items()}
    for name, word in {
        "postgres": "postgres",
        "redis": "redis-server",
        "mongo": "apps.embedded.mongo_server",
        "kafka": "apps.embedded.mock_kafka",
        "web": "serve",
        "worker": "worker",
        "beat": "beat",
    }.items():
        assert word in commands[name]
        assert (stack.data_dir / "log" / f"{name}.log").is_file()


def test_second_up_prints_the_address_of_the_running_one(stack: Launched) -> None:
    """It is no error, and changes nothing."""
    before = {name: stack.pid(name) for name in PROGRAMS}
    done = stack.run("up", PORT="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"Scriptorium is already running: {stack.url}"
    assert {name: stack.pid(name) for name in PROGRAMS} == before


def test_port_of_the_web_server_in_use_is_an_error_with_advice(
    stack: Launched, tmp_path: Path
) -> None:
    """For another data folder at the same port; it exits by itself and leaves nothing behind."""
    other = Launched(tmp_path / "other", port=stack.port)
    assert other.process.wait(START_WAIT_S) == 1
    assert f"Port {stack.port} (for web) is in use" in other.output()
    assert f"PORT={stack.port + 100} make up" in other.output()
    assert "Traceback" not in other.output()
    assert not (other.data_dir / "postgres").exists()


def test_ctrl_c_ends_all_processes_and_the_next_up_has_all_data(stack: Launched) -> None:
    """Documents, people and logins, also the last edit."""
    document_id, body = stack.create_document(), {"unique_id": "last", "update": UPDATE}
    path = f"documents/{document_id}/operations/"
    assert stack.call("ada", "POST", path, json=body).status_code == 201
    processes = processes_of(stack)
    assert len(processes) > len(PROGRAMS)
    os.killpg(stack.process.pid, signal.SIGINT)
    assert stack.process.wait(START_WAIT_S) == 0
    assert_all_gone(processes, stack)
    stack.start()
    [operation] = stack.call("ada", "GET", path).json()["results"]
    assert (operation["unique_id"], operation["update"]) == ("last", UPDATE)


# --- only the services ------------------------------------------------------------------------


def test_second_services_command_prints_that_they_are_running(small: Launched) -> None:
    """Without an address, because no pages are served."""
    done = small.run("services")
    assert (done.returncode, done.stdout.strip()) == (0, "Scriptorium is already running.")


def test_down_ends_all_processes_and_keeps_the_data(small: Launched) -> None:
    """It returns when all processes have ended."""
    marker, processes = Marker(small), processes_of(small)
    marker.store()
    done = small.run("down")
    assert_all_gone(processes - {Running.find(small.process.pid)}, small)
    assert (done.returncode, done.stdout.strip()) == (0, "Scriptorium has stopped.")
    assert small.process.wait(START_WAIT_S) == 0
    small.start()
    marker.assert_is_stored()


def test_killed_launcher_ends_all_processes_and_keeps_the_data(small: Launched) -> None:
    """The kernel signals the supervisor, which stops all programs in order."""
    marker, processes = Marker(small), processes_of(small)
    marker.store()
    small.stop(signal.SIGKILL)
    eventually(lambda: not any(process.is_there for process in processes))
    small.start()
    marker.assert_is_stored()


def test_killed_supervisor_is_restarted_with_all_programs(small: Launched) -> None:
    """The launcher restarts the supervisor; the old programs have ended."""
    old = processes_of(small) - {Running.find(small.process.pid)}
    small.kill("supervisord")
    ready = "The supervisor has died; it is restarted."
    eventually(lambda: not any(process.is_there for process in old))
    eventually(lambda: small.output().partition(ready)[2].count("ready (") == len(SERVICES), 60)
    wait_until_ready(small, *SERVICES)
    assert {small.pid(name) for name in SERVICES}.isdisjoint(process.pid for process in old)


def test_port_of_a_service_in_use_is_an_error_with_advice(tmp_path: Path) -> None:
    """The port is stored in state.json, where it can be changed."""
    port = DataDir.open(tmp_path).ports["mongo"]
    with socket.create_server(("127.0.0.1", port)):
        launched = Launched(tmp_path, action="services")
        assert launched.process.wait(START_WAIT_S) == 1
    assert f"Port {port} (for mongo) is in use" in launched.output()
    assert str(tmp_path / "state.json") in launched.output()
    assert "Traceback" not in launched.output()


def test_up_waits_for_the_supervisor_of_a_killed_launcher(small: Launched) -> None:
    """A supervisor that is still stopping holds the ports."""
    small.stop()
    data_dir = DataDir.open(small.data_dir)
    data_dir.make_control_folder()
    earlier = Supervisor(data_dir, [], {**os.environ, "PYTHON": sys.executable})
    earlier.start()
    eventually(earlier.answers)
    next_one = Launched(small.data_dir, action="services")
    eventually(lambda: "still stopping" in next_one.output(), START_WAIT_S)
    assert "PostgreSQL" not in next_one.output()
    earlier.stop()
    next_one.wait_until_ready()
    small.process = next_one.process


def test_interrupted_first_start_is_started_over(tmp_path: Path) -> None:
    """PostgreSQL's folder is complete or missing, whenever the start is interrupted."""
    launched = Launched(tmp_path / "interrupted", action="services")
    eventually((launched.data_dir / "postgres.new" / "PG_VERSION").exists, START_WAIT_S)
    assert launched.stop() == 0
    assert not (launched.data_dir / "postgres").exists()
    launched.start()
    Marker(launched).store()
    assert launched.stop() == 0
