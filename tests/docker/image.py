"""The files of the image, copied to a folder as the Dockerfile defines."""

import fnmatch
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.launcher import ROOT

DOCKERFILE = ROOT / "docker" / "Dockerfile"
IGNORED = ROOT / "docker" / "Dockerfile.dockerignore"


def copies() -> list[tuple[list[str], str]]:
    """Return source and target of each COPY of the last stage."""
    last_stage = DOCKERFILE.read_text().split("\nFROM ")[-1]
    words = [
        line.split()[1:] for line in re.findall(r"^COPY (?!--from).*", last_stage, re.MULTILINE)
    ]
    return [(arguments[:-1], arguments[-1]) for arguments in words]


def is_sent(path: str) -> bool:
    """Return whether a file of the checkout is in the build context; the last match decides."""
    sent = True
    for line in IGNORED.read_text().splitlines():
        if line.startswith("#") or not line:
            continue
        pattern = line.removeprefix("!")
        fits = any(
            fnmatch.fnmatch(part, pattern) or fnmatch.fnmatch(part, pattern.removeprefix("**/"))
            for part in (path, *map(str, Path(path).parents))
        )
        if fits:
            sent = line.startswith("!")
    return sent


def image_make(folder: Path) -> Path:
    """Copy the files of the image's ``/app`` to a folder; return the folder."""
    for sources, target in copies():
        for source in sources:
            place = folder / target / (Path(source).name if target.endswith("/") else "")
            for file in [ROOT / source, *(ROOT / source).rglob("*")]:
                name = file.relative_to(ROOT)
                if file.is_file() and is_sent(str(name)):
                    goal = place / file.relative_to(ROOT / source)
                    goal.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, goal)
    return folder


def image_compile(app: Path) -> None:
    """Compile the product's modules as the Dockerfile does: a container compiles none of them."""
    last_stage = DOCKERFILE.read_text().split("\nFROM ")[-1]
    [line] = re.findall(r"^RUN python (-m compileall .*)$", last_stage, re.MULTILINE)
    subprocess.run([sys.executable, *shlex.split(line)], cwd=app, check=True, timeout=300)
