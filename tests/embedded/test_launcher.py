"""``make up`` as a whole: how it starts, what it says when it cannot, and how all of it ends.

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
    """Start the services alone; a test that stops them starts them again."""
    launched = Launched(tmp_path_factory.mktemp("only services"), action="services")
    launched.wait_until_ready()
    yield launched
    launched.stop()


class Keepsake:
    """A word left in each service that keeps data."""

    def __init__(self, launched: Launched) -> None:
        self.word = ids.new_id()
        self._urls = DataDir.open(launched.data_dir).urls()

    def leave(self) -> None:
        """Write it down."""
        with psycopg.connect(self._urls["DATABASE_URL"]) as postgres:
            postgres.execute("CREATE TABLE IF NOT EXISTS keepsakes (word text)")
            postgres.execute("INSERT INTO keepsakes VALUES (%s)", [self.word])
        with redis.Redis.from_url(self._urls["REDIS_URL"]) as server:
            server.set(self.word, self.word)
        with pymongo.MongoClient[dict[str, str]](self._urls["MONGODB_URL"]) as mongo:
            mongo.get_default_database().keepsakes.insert_one({"_id": self.word})

    def assert_is_there(self) -> None:
        """Read it back."""
        with psycopg.connect(self._urls["DATABASE_URL"]) as postgres:
            query = "SELECT count(*) FROM keepsakes WHERE word = %s"
            assert postgres.execute(query, [self.word]).fetchone() == (1,)
        with redis.Redis.from_url(self._urls["REDIS_URL"]) as server:
            assert server.get(self.word) == self.word.encode()
        with pymongo.MongoClient[dict[str, str]](self._urls["MONGODB_URL"]) as mongo:
            assert mongo.get_default_database().keepsakes.find_one({"_id": self.word})


def everybody(launched: Launched) -> set[Running]:
    """Return the launcher and all processes that came from it."""
    return family(launched.process.pid)


def assert_all_gone(processes: set[Running], launched: Launched) -> None:
    """Check that nobody of them is there, nor a file that says so."""
    assert {each for each in processes if each.is_there} == set()
    run = launched.data_dir / "run"
    assert [name for name in PROGRAMS if (run / f"{name}.pid").exists()] == []
    assert not (run / "control.sock").exists()


# --- the whole product -------------------------------------------------------------------------


def test_pid_file_of_every_program_names_a_process_of_ours(stack: Launched) -> None:
    """The names are the contract's; each is another process, and all came from the launcher."""
    pids = {name: stack.pid(name) for name in PROGRAMS}
    assert len(set(pids.values())) == len(PROGRAMS)
    assert set(pids.values()) <= {each.pid for each in everybody(stack)}
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


def test_second_up_says_that_and_where_it_runs_already(stack: Launched) -> None:
    """It is no error, and changes nothing; the address is that of the one that runs."""
    before = {name: stack.pid(name) for name in PROGRAMS}
    done = stack.run("up", PORT="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"Scriptorium runs already: {stack.url}"
    assert {name: stack.pid(name) for name in PROGRAMS} == before


def test_port_of_the_web_server_in_use_is_an_error_with_advice(
    stack: Launched, tmp_path: Path
) -> None:
    """Another data folder at the same port; it ends by itself and leaves nothing behind."""
    other = Launched(tmp_path / "other", port=stack.port)
    assert other.process.wait(START_WAIT_S) == 1
    assert f"Port {stack.port} (for web) is in use" in other.output()
    assert f"PORT={stack.port + 100} make up" in other.output()
    assert "Traceback" not in other.output()
    assert not (other.data_dir / "postgres").exists()


def test_ctrl_c_leaves_no_process_behind_and_the_next_up_has_everything(stack: Launched) -> None:
    """Documents, people and logins; what was written last is there as well."""
    document_id, body = stack.create_document(), {"unique_id": "last", "update": UPDATE}
    path = f"documents/{document_id}/operations/"
    assert stack.call("ada", "POST", path, json=body).status_code == 201
    processes = everybody(stack)
    assert len(processes) > len(PROGRAMS)
    os.killpg(stack.process.pid, signal.SIGINT)
    assert stack.process.wait(START_WAIT_S) == 0
    assert_all_gone(processes, stack)
    stack.start()
    [operation] = stack.call("ada", "GET", path).json()["results"]
    assert (operation["unique_id"], operation["update"]) == ("last", UPDATE)


# --- the services alone ------------------------------------------------------------------------


def test_second_services_say_that_they_run_already(small: Launched) -> None:
    """There is no address: nobody serves pages."""
    done = small.run("services")
    assert (done.returncode, done.stdout.strip()) == (0, "Scriptorium runs already.")


def test_down_leaves_no_process_behind_and_the_data_for_the_next_start(small: Launched) -> None:
    """It says so when all of it is gone, and not before."""
    keepsake, processes = Keepsake(small), everybody(small)
    keepsake.leave()
    done = small.run("down")
    assert_all_gone(processes - {Running.find(small.process.pid)}, small)
    assert (done.returncode, done.stdout.strip()) == (0, "Scriptorium has stopped.")
    assert small.process.wait(START_WAIT_S) == 0
    small.start()
    keepsake.assert_is_there()


def test_launcher_that_is_killed_leaves_no_process_behind_and_the_data(small: Launched) -> None:
    """It had no time for a word: the kernel tells the supervisor, which stops all in order."""
    keepsake, processes = Keepsake(small), everybody(small)
    keepsake.leave()
    small.stop(signal.SIGKILL)
    eventually(lambda: not any(each.is_there for each in processes))
    small.start()
    keepsake.assert_is_there()


def test_supervisor_that_is_killed_is_started_again_with_all_programs(small: Launched) -> None:
    """It watches over the programs, and the launcher over it; the old programs are gone."""
    old = everybody(small) - {Running.find(small.process.pid)}
    small.kill("supervisord")
    ready = "The supervisor died; it is started again."
    eventually(lambda: not any(each.is_there for each in old))
    eventually(lambda: small.output().partition(ready)[2].count("ready (") == len(SERVICES), 60)
    wait_until_ready(small, *SERVICES)
    assert {small.pid(name) for name in SERVICES}.isdisjoint(each.pid for each in old)


def test_port_of_a_service_in_use_is_an_error_with_advice(tmp_path: Path) -> None:
    """It was chosen once and is remembered: it can be changed where it stands."""
    port = DataDir.open(tmp_path).ports["mongo"]
    with socket.create_server(("127.0.0.1", port)):
        launched = Launched(tmp_path, action="services")
        assert launched.process.wait(START_WAIT_S) == 1
    assert f"Port {port} (for mongo) is in use" in launched.output()
    assert str(tmp_path / "state.json") in launched.output()
    assert "Traceback" not in launched.output()


def test_up_waits_for_what_a_killed_launcher_left_behind(small: Launched) -> None:
    """A supervisor that is still on its way out holds the ports that are needed."""
    small.stop()
    place = DataDir.open(small.data_dir)
    place.make_control_folder()
    earlier = Supervisor(place, [], {**os.environ, "PYTHON": sys.executable})
    earlier.start()
    eventually(earlier.answers)
    next_one = Launched(small.data_dir, action="services")
    eventually(lambda: "still stopping" in next_one.output(), START_WAIT_S)
    assert "PostgreSQL" not in next_one.output()
    earlier.stop()
    next_one.wait_until_ready()
    small.process = next_one.process


def test_first_start_that_was_cut_short_is_begun_anew(tmp_path: Path) -> None:
    """Of PostgreSQL's folder there is all or nothing, at whatever moment the end came."""
    launched = Launched(tmp_path / "cut short", action="services")
    eventually((launched.data_dir / "postgres.new" / "PG_VERSION").exists, START_WAIT_S)
    assert launched.stop() == 0
    assert not (launched.data_dir / "postgres").exists()
    launched.start()
    Keepsake(launched).leave()
    assert launched.stop() == 0
