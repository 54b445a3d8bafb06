"""The compose files as the compose program reads them."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.launcher import ROOT

DOCKER = ROOT / "docker"
#: Folder of the programs that packages have installed.
BIN = Path(sys.executable).parent
#: The files of production, and of development with the code of the checkout, plain HTTP and ports.
PRODUCTION = ("compose.yaml",)
DEVELOPMENT = ("compose.yaml", "compose.override.yaml")


@cache
def composed(*files: str) -> dict[str, Any]:
    """Return the project as JSON. Fails with the program's error."""
    named = [word for file in files for word in ("-f", str(DOCKER / file))]
    done = subprocess.run(
        [str(BIN / "docker-compose"), *named, "config", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    project: dict[str, Any] = json.loads(done.stdout)
    return project


def services(*files: str) -> dict[str, dict[str, Any]]:
    """Return the services by name."""
    found: dict[str, dict[str, Any]] = composed(*(files or PRODUCTION))["services"]
    return found


def product(*files: str) -> dict[str, dict[str, Any]]:
    """Return the services that run the product's image."""
    return {
        name: service
        for name, service in services(*files).items()
        if service["image"].startswith("scriptorium:")
    }
