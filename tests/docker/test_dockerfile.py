"""The Dockerfile: its linter, and the files of the image."""

import os
import re
import subprocess
from pathlib import Path

from tests.docker.composed import BIN
from tests.docker.image import DOCKERFILE, image_make, is_sent
from tests.support.launcher import ROOT


def test_linter_finds_nothing() -> None:
    """Hadolint, with its strictest settings."""
    done = subprocess.run(
        [str(BIN / "hadolint"), "--failure-threshold", "style", str(DOCKERFILE)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout


def test_packages_come_from_the_lock_by_their_hashes() -> None:
    """And the image runs as an unprivileged user, with a health check."""
    text = DOCKERFILE.read_text()
    assert "COPY requirements/base.txt " in text
    assert "--require-hashes" in text
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert re.search(r'^HEALTHCHECK .* CMD \["/app/docker/healthcheck"\]$', text, re.MULTILINE)
    assert text.index("USER ") > text.rindex("RUN ")


def test_image_has_the_product_and_nothing_else(tmp_path: Path) -> None:
    """No tests, no embedded services, no history, no secret."""
    app = image_make(tmp_path)
    assert {file.name for file in app.iterdir()} == {
        "apps", "config", "docker", "manage.py", "static", "templates",
    }  # fmt: skip
    assert not (app / "apps" / "embedded").exists()
    assert (app / "apps" / "core" / "liveness.py").exists()
    assert not list(app.rglob("__pycache__"))
    for name in ("entrypoint", "healthcheck"):
        assert os.access(app / "docker" / name, os.X_OK)
    assert not is_sent("docker/secrets/secret_key")
    assert not is_sent(".git/config")
    assert is_sent("requirements/base.txt")


def test_every_source_of_a_copy_exists() -> None:
    """So a moved file needs a change of the Dockerfile."""
    for line in re.findall(r"^COPY (?!--from)(.*)", DOCKERFILE.read_text(), re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert is_sent(source), source
