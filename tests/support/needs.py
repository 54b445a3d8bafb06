"""Requirements of a test on the system: if missing, skipped on a laptop, failed in CI."""

import os
import shutil

import pytest

from apps.embedded import binaries
from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.kafka import jars_exist


def need_nginx() -> None:
    """Skip with the reason, or in CI fail, if there is no nginx."""
    try:
        binaries.nginx_binary()
    except EmbeddedError as err:
        _without(str(err))


def need_program(name: str) -> str:
    """Return the path of a system program; skip, or in CI fail, if it is missing."""
    found = shutil.which(name)
    if found is None:
        _without(f"There is no {name}.")
    return str(found)


def need_stack(data_dir: DataDir) -> None:
    """Skip with the reason, or in CI fail, if ``make stack`` cannot run; ``data_dir`` is one."""
    try:
        binaries.nginx_binary()
        binaries.redis_binary(data_dir)
        binaries.postgres_binary(data_dir, "postgres")
        binaries.java_binary()
        if not jars_exist():
            binaries.maven_binary()
    except EmbeddedError as err:
        _without(str(err))


def _without(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI tests all of it. {reason}")
    pytest.skip(f"NOT TESTED HERE: {reason}")
