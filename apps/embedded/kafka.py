"""Apache Kafka itself as one supervised program: its jars, its folder, its words.

One node in KRaft mode, from Maven Central. The jars are brought once for each checkout and kept in
``.cache/``; the data is the data folder's own.
"""

import base64
import hashlib
import os
import shutil
import tempfile
import uuid
from pathlib import Path
from string import Template

from confluent_kafka.admin import AdminClient

from apps.embedded.binaries import java_binary, maven_binary
from apps.embedded.data_dir import DataDir
from apps.embedded.programs import ASK_S, ROOT, Program
from apps.embedded.run_command import run_logged

_FILES = Path(__file__).with_name("apache_kafka")
_POM = _FILES / "pom.xml"
_CACHE = ROOT / ".cache"
_FOLDER = "kafka"


def kafka(place: DataDir) -> Program:
    """Return the broker as a program. Raises ``EmbeddedError`` where there is no Java for it."""
    command = [
        *_java("-Xms128m", "-Xmx512m"),
        "kafka.Kafka",
        str(_properties_file(place)),
    ]
    return Program(
        "kafka",
        "Apache Kafka",
        command,
        lambda: kafka_ask(place.urls()["KAFKA_BOOTSTRAP_SERVERS"]),
        in_data_dir=True,
    )


def kafka_ask(servers: str) -> None:
    """Raise unless a broker answers with its metadata."""
    client = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    client.list_topics(timeout=ASK_S)


def jars_are_there() -> bool:
    """Return whether the jars need not be brought."""
    return _jars().exists()


def jars_bring(place: DataDir) -> None:
    """Have Maven bring the jars; under their name they are whole. Raises ``EmbeddedError``."""
    _CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kafka.new-", dir=_CACHE) as draft:
        command = [
            *(str(maven_binary()), "-q", "-B", "-f", str(_POM)),
            "dependency:copy-dependencies",
            *("-DincludeScope=runtime", f"-DoutputDirectory={draft}/jars"),
        ]
        run_logged(place, "maven", command)
        if not jars_are_there():  # another stack of this checkout may have been quicker
            Path(draft, "jars").rename(_jars())


def folder_is_there(place: DataDir) -> bool:
    """Return whether the broker's folder has been made."""
    return (place.data_dir / _FOLDER).exists()


def properties_write(place: DataDir, folder: str = _FOLDER) -> None:
    """Write the broker's settings; they name ``folder`` within the data folder."""
    template = Template((_FILES / "server.properties").read_text(encoding="utf-8"))
    text = template.substitute(
        PORT=place.ports["kafka"],
        CONTROLLER_PORT=place.ports["kafka-controller"],
        FOLDER=folder,
    )
    _properties_file(place).write_text(text, encoding="utf-8")


def folder_make(place: DataDir) -> None:
    """Make the broker's folder; under its name it is whole, however this may be cut short."""
    draft = f"{_FOLDER}.new"
    shutil.rmtree(place.data_dir / draft, ignore_errors=True)
    properties_write(place, draft)
    command = [
        *_java(),
        *("kafka.tools.StorageTool", "format", "--cluster-id", _new_cluster_id()),
        *("--config", str(_properties_file(place))),
    ]
    run_logged(place, "kafka-format", command, directory=place.data_dir)
    (place.data_dir / draft).rename(place.data_dir / _FOLDER)


def _java(*words: str) -> list[str]:
    logging = f"-Dlog4j2.configurationFile={(_FILES / 'log4j2.properties').as_uri()}"
    return [str(java_binary()), *words, logging, "-cp", f"{_jars()}{os.sep}*"]


def _jars() -> Path:
    """Return the folder of the jars that the pom names as it is now."""
    return _CACHE / f"kafka-{hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]}"


def _properties_file(place: DataDir) -> Path:
    return place.data_dir / "run" / "kafka.properties"


def _new_cluster_id() -> str:
    """Return a random id as Kafka writes them; none that begins like an option."""
    return base64.urlsafe_b64encode(b"\x00" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
