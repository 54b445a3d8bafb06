"""Apache Kafka as one supervised program: its jars, its folder, its command.

One node in KRaft mode. The jars are downloaded from Maven Central once for each checkout, and are
stored in ``.cache/``; the data is in the data folder.
"""

import base64
import hashlib
import os
import shutil
import tempfile
import uuid
from pathlib import Path
from string import Template

from apps.embedded.binaries import java_binary, maven_binary
from apps.embedded.data_dir import DataDir
from apps.embedded.probes import probe_kafka
from apps.embedded.programs import ROOT, Program
from apps.embedded.run_command import run_logged

_FILES = Path(__file__).with_name("apache_kafka")
_POM = _FILES / "pom.xml"
_CACHE = ROOT / ".cache"
_FOLDER = "kafka"


def kafka(data_dir: DataDir) -> Program:
    """Return the broker as a program. Raises ``EmbeddedError`` without a suitable Java."""
    command = [
        *_java("-Xms128m", "-Xmx512m"),
        "kafka.Kafka",
        str(_properties_file(data_dir)),
    ]
    return Program(
        "kafka",
        "Apache Kafka",
        command,
        lambda: probe_kafka(data_dir.urls()["KAFKA_BOOTSTRAP_SERVERS"]),
        in_data_dir=True,
    )


def jars_exist() -> bool:
    """Return whether the jars have been downloaded."""
    return _jars().exists()


def jars_download(data_dir: DataDir) -> None:
    """Download the jars by Maven; their folder appears when complete. Raises ``EmbeddedError``."""
    _CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kafka.new-", dir=_CACHE) as draft:
        command = [
            *(str(maven_binary()), "-q", "-B", "-f", str(_POM)),
            "dependency:copy-dependencies",
            *("-DincludeScope=runtime", f"-DoutputDirectory={draft}/jars"),
        ]
        run_logged(data_dir, "maven", command)
        if not jars_exist():  # another stack of this checkout may have been faster
            Path(draft, "jars").rename(_jars())


def folder_exists(data_dir: DataDir) -> bool:
    """Return whether the broker's folder exists."""
    return (data_dir.path / _FOLDER).exists()


def properties_write(data_dir: DataDir, folder: str = _FOLDER) -> None:
    """Write the broker's settings; they name ``folder`` within the data folder."""
    template = Template((_FILES / "server.properties").read_text(encoding="utf-8"))
    text = template.substitute(
        PORT=data_dir.ports["kafka"],
        CONTROLLER_PORT=data_dir.ports["kafka-controller"],
        FOLDER=folder,
    )
    _properties_file(data_dir).write_text(text, encoding="utf-8")


def folder_create(data_dir: DataDir) -> None:
    """Create the broker's folder; it appears under its name only when complete."""
    draft = f"{_FOLDER}.new"
    shutil.rmtree(data_dir.path / draft, ignore_errors=True)
    properties_write(data_dir, draft)
    command = [
        *_java(),
        *("kafka.tools.StorageTool", "format", "--cluster-id", _new_cluster_id()),
        *("--config", str(_properties_file(data_dir))),
    ]
    run_logged(data_dir, "kafka-format", command, directory=data_dir.path)
    (data_dir.path / draft).rename(data_dir.path / _FOLDER)


def _java(*words: str) -> list[str]:
    """Return Java with the jars; without the second compiler, which takes half of a start."""
    words = ("-XX:TieredStopAtLevel=1", *words)
    logging = f"-Dlog4j2.configurationFile={(_FILES / 'log4j2.properties').as_uri()}"
    return [str(java_binary()), *words, logging, "-cp", f"{_jars()}{os.sep}*"]


def _jars() -> Path:
    """Return the folder of the jars for the current version of the pom."""
    return _CACHE / f"kafka-{hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]}"


def _properties_file(data_dir: DataDir) -> Path:
    return data_dir.path / "run" / "kafka.properties"


def _new_cluster_id() -> str:
    """Return a random id in Kafka's form that does not start like an option."""
    return base64.urlsafe_b64encode(b"\x00" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
