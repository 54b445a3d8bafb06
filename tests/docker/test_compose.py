"""The compose files, as compose interprets them."""

import re
import subprocess
from pathlib import Path

import pytest
from redis import AuthenticationError, Redis

from tests.config.test_env import documented
from tests.docker.composed import DEVELOPMENT, DOCKER, PRODUCTION, composed, product, services
from tests.docker.doors import nginx_check, secrets_make
from tests.support.eventually import eventually
from tests.support.launcher import ROOT, free_port
from tests.support.needs import need_program

BOTH = pytest.mark.parametrize(
    "files", [PRODUCTION, DEVELOPMENT], ids=["production", "development"]
)
#: Services that exit by themselves, and that others wait for.
ONE_SHOTS = {"migrate", "mongodb-init"}
#: Folder of the crash journal.
CRASH = "/var/lib/scriptorium/crash"
FILES = "/var/lib/scriptorium/files"


# --- all services ------------------------------------------------------------------------------


@BOTH
def test_compose_reads_the_files_without_a_warning(files: tuple[str, ...]) -> None:
    """And they have all services."""
    names = set(services(*files))
    assert {"gateway", "web-1", "web-2", "worker-1", "worker-2", "beat", *ONE_SHOTS} <= names
    assert {"postgres", "redis", "kafka", "mongodb-1", "mongodb-2", "mongodb-3"} <= names


@BOTH
def test_dependencies_have_a_health_check_or_exit(files: tuple[str, ...]) -> None:
    """And each service waits for its dependencies."""
    found = services(*files)
    for name, service in found.items():
        for other, wait in service.get("depends_on", {}).items():
            if other in ONE_SHOTS:
                assert wait["condition"] == "service_completed_successfully", (name, other)
            else:
                assert wait["condition"] == "service_healthy", (name, other)
                assert found[other]["healthcheck"]["test"], (name, other)
    for name in product(*files):
        if name != "migrate":
            assert "migrate" in found[name]["depends_on"], name
    assert {"postgres", "mongodb-init", "redis", "kafka"} == set(found["migrate"]["depends_on"])


def test_long_running_services_have_a_health_check_and_restart() -> None:
    """Those that exit are not restarted."""
    for name, service in services().items():
        if name in ONE_SHOTS:
            assert service["restart"] == "no", name
        else:
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped", name


def test_every_image_is_pinned_and_of_no_named_registry() -> None:
    """To a full version; the operator chooses the registry."""
    for name, service in services().items():
        image, _, tag = service["image"].partition(":")
        assert re.match(r"\d+\.\d+\.\d+|\d+\.\d+-", tag), (name, tag)
        assert not re.search(r"[.:]", image.partition("/")[0]), (name, image)


def test_every_volume_is_named_and_used_by_one_service() -> None:
    """So data outlives its container, and no two databases share a folder."""
    used = [
        volume["source"]
        for service in services().values()
        for volume in service.get("volumes", [])
        if volume["type"] == "volume"
    ]
    # All servers and workers have the same files.
    assert sorted({"files"} | set(used)) == sorted(composed(*PRODUCTION)["volumes"])
    assert len([name for name in used if name != "files"]) == len(set(used) - {"files"})


def test_only_the_gateway_is_reached_from_outside() -> None:
    """All others are in an internal network."""
    assert composed(*PRODUCTION)["networks"]["inside"]["internal"] is True
    for name, service in services().items():
        is_door = name == "gateway"
        assert ("ports" in service) == is_door, name
        assert ("outside" in service.get("networks", {})) == is_door, name


def test_development_opens_ports_on_loopback_only() -> None:
    """And the gateway's port replaces the other one."""
    for name, service in services(*DEVELOPMENT).items():
        for port in service.get("ports", []):
            assert port["host_ip"] == "127.0.0.1", name
    [port] = services(*DEVELOPMENT)["gateway"]["ports"]
    assert port["published"] == services(*DEVELOPMENT)["gateway"]["environment"]["GATEWAY_LISTEN"]


# --- secrets -------------------------------------------------------------------------------------


@BOTH
def test_every_secret_is_a_file_and_none_is_in_the_environment(files: tuple[str, ...]) -> None:
    """Because `docker inspect` and every child process show the environment."""
    secrets = composed(*files)["secrets"]
    for name, secret in secrets.items():
        assert Path(secret["file"]) == DOCKER / "secrets" / name
    for name, service in services(*files).items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|_URL|TOKEN", variable):
                assert variable.endswith("_FILE"), (name, variable)
                assert value.removeprefix("/run/secrets/") in {
                    secret["source"] for secret in service["secrets"]
                }, (name, variable)


def test_script_creates_every_secret_once_in_a_private_folder(tmp_path: Path) -> None:
    """The passwords of the databases are those in their URLs; the script is idempotent."""
    folder = tmp_path / "the secrets"
    made = secrets_make(folder)
    assert set(made) == set(composed(*PRODUCTION)["secrets"])
    assert folder.stat().st_mode & 0o077 == 0
    for name in ("postgres", "mongodb", "redis"):
        url = made["database_url" if name == "postgres" else f"{name}_url"]
        assert f":{made[f'{name}_password'].strip()}@" in url
    assert len(set(made.values())) == len(made)
    assert all(len(made[name].strip()) >= 48 for name in made if "password" in name)
    assert secrets_make(folder) == made


# --- the product ---------------------------------------------------------------------------------


@BOTH
def test_product_gets_only_variables_that_it_reads(files: tuple[str, ...]) -> None:
    """An unknown variable would be a typing error."""
    known = {*documented(), *(f"{name}_FILE" for name in documented())}
    for name, service in product(*files).items():
        assert set(service["environment"]) <= known, name


def test_every_process_has_a_unique_name() -> None:
    """Two processes with one name would take each other's locks and partitions."""
    names = [service["environment"]["SERVER_ID"] for service in product().values()]
    assert len(set(names)) == len(names)
    assert len([name for name in names if name.startswith("web-")]) >= 2
    assert len([name for name in names if name.startswith("worker-")]) >= 2
    assert names.count("beat") == 1


def test_product_has_a_read_only_image_and_no_privileges() -> None:
    """Data is written to the services only; on disk are the crash journal and the files."""
    for name, service in product().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        folders = [volume["target"] for volume in service.get("volumes", ())]
        assert folders == [CRASH, FILES] * (name.split("-")[0] in ("web", "worker")), name


def test_crash_journal_outlives_the_process() -> None:
    """In a volume of its own, which belongs to the user of the image; ``/tmp`` is in memory."""
    for name, service in product().items():
        if name.split("-")[0] not in ("web", "worker"):
            continue
        assert service["environment"]["CRASH_JOURNAL_DIR"] == CRASH
        volumes = [(volume["type"], volume["source"]) for volume in service["volumes"]]
        assert volumes == [("volume", f"{name}-crash"), ("volume", "files")]
        assert not any(CRASH.startswith(folder.split(":")[0]) for folder in service["tmpfs"])
    dockerfile = (DOCKER / "Dockerfile").read_text()
    for folder in (CRASH, FILES):
        assert re.search(rf"-m 0700 -o scriptorium -g scriptorium {folder}( |\n)", dockerfile)


@BOTH
def test_folder_in_memory_has_a_size(files: tuple[str, ...]) -> None:
    """What strangers send into it, as bodies on their way, cannot take the machine's memory."""
    found = [folder for service in services(*files).values() for folder in service.get("tmpfs", ())]
    assert found
    for folder in found:
        assert re.search(r"[:,]size=\d+m\b", folder), folder


def test_every_command_is_one_of_the_entrypoint() -> None:
    """``test_processes`` runs the commands."""
    known = set(re.findall(r"^  ([a-z]+)\)$", (DOCKER / "entrypoint").read_text(), re.MULTILINE))
    assert {service["command"][0] for service in product().values()} == known


# --- the gateway ---------------------------------------------------------------------------------


def test_gateway_has_all_web_servers_and_waits_for_them() -> None:
    """By different names, which the hash uses."""
    gateway = services()["gateway"]
    web = {name for name in product() if name.startswith("web-")}
    named = re.findall(r"server (\S+):8000 ", gateway["environment"]["GATEWAY_SERVERS"])
    assert set(named) == web
    assert len(named) == len(web)
    assert set(gateway["depends_on"]) == web


@BOTH
def test_gateway_sets_all_variables_of_the_template_and_nginx_accepts_them(
    files: tuple[str, ...], tmp_path: Path
) -> None:
    """As compose replaces them."""
    nginx_check(services(*files)["gateway"]["environment"], "/run/secrets", tmp_path)


def test_gateway_body_limit_is_slightly_above_that_of_the_servers() -> None:
    """Slightly above ATTACHMENT_MAX_BYTES, the longest body."""
    limit = int(documented()["ATTACHMENT_MAX_BYTES"][1].strip("`"))
    assert int(services()["gateway"]["environment"]["GATEWAY_BODY_BYTES"]) > limit


# --- the services --------------------------------------------------------------------------------


def test_kafka_has_the_settings_of_make_stack() -> None:
    """Which the tests run; only the listeners differ."""
    properties = (ROOT / "apps" / "embedded" / "apache_kafka" / "server.properties").read_text()
    pairs = (line.split("=", 1) for line in properties.splitlines() if re.match(r"[a-z]", line))
    wanted = {
        f"KAFKA_{name.upper().replace('.', '_')}": value
        for name, value in pairs
        if "$" not in value
    }
    environment = services()["kafka"]["environment"]
    assert {name: environment.get(name) for name in wanted} == wanted


def test_redis_accepts_only_the_password_of_its_file(tmp_path: Path) -> None:
    """With its command and its health check; the programs of the image are replaced."""
    need_program("redis-server")
    redis = services()["redis"]
    port = free_port()
    run, secrets = tmp_path / "run", secrets_make(tmp_path / "secrets")
    (run / "redis").mkdir(parents=True)
    (run / "secrets").symlink_to(tmp_path / "secrets")
    programs = tmp_path / "bin"
    programs.mkdir()
    script_make(programs / "docker-entrypoint.sh", f'exec "$@" --bind 127.0.0.1 --port {port}')
    script_make(programs / "redis-cli", f'exec /usr/bin/redis-cli -p {port} "$@"')
    environment = {"PATH": f"{programs}:/usr/bin:/bin"}

    def here(text: str) -> str:
        return text.replace("$$", "$").replace("/run/", f"{run}/").replace("/data", str(tmp_path))

    def is_healthy() -> bool:
        check = ["/bin/sh", "-c", here(redis["healthcheck"]["test"][1])]
        return subprocess.run(check, env=environment, check=False).returncode == 0

    command = [here(word) for word in redis["command"]]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            eventually(is_healthy)
            with Redis(port=port) as stranger, pytest.raises(AuthenticationError):
                stranger.ping()
            with Redis(port=port, password=secrets["redis_password"].strip()) as client:
                assert client.config_get("appendonly") == {"appendonly": "yes"}
        finally:
            process.kill()


def script_make(file: Path, line: str) -> None:
    """Write a program of one line."""
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)


def test_mongodb_is_a_replica_set_of_all_its_members() -> None:
    """In the script that creates it, in the URL, and in the dependencies."""
    members = {name for name in services() if re.fullmatch(r"mongodb-\d", name)}
    script = (DOCKER / "mongodb" / "initiate.js").read_text()
    named = re.search(r"MEMBERS = \[(.*)\]", script)
    assert named is not None
    assert set(re.findall(r"mongodb-\d", named[1])) == members
    url = re.search(r"keep mongodb_url (.*)", (DOCKER / "secrets.sh").read_text())
    assert url is not None
    assert set(re.findall(r"mongodb-\d", url[1])) == members
    assert url[1].endswith('?replicaSet=scriptorium"')
    assert set(services()["mongodb-init"]["depends_on"]) == members
    for name in members:
        assert "--replSet=scriptorium" in services()[name]["command"]
