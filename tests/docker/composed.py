"""The compose files as the compose program itself reads them."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.launcher import ROOT

DOCKER = ROOT / "docker"
#: Programs that a package has put beside the interpreter.
BIN = Path(sys.executable).parent
#: What only the override has: code of the checkout, plain HTTP, ports.
PRODUCTION = ("compose.yaml",)
DEVELOPMENT = ("compose.yaml", "compose.override.yaml")


@cache
def composed(*files: str) -> dict[str, Any]:
    """Return the project as JSON. Fails with what the program says is wrong."""
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
    """Return those that run the product's own image."""
    return {
        name: service
        for name, service in services(*files).items()
        if service["image"].startswith("scriptorium:")
    }
