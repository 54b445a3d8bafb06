"""All tests, in two halves side by side: ``make test``.

Half of their time goes by while processes start, stop and come back. Each half has services of its
own. Lines of both are printed as they come, behind the half's name.
"""

import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Where whole installations are started, killed and cut off from each other. The rest is the other.
PROCESSES = [f"tests/{name}" for name in ("cluster", "core", "crash", "docker", "embedded")]
HALVES = {"processes": PROCESSES, "rest": [f"--ignore={folder}" for folder in PROCESSES]}


def main() -> int:
    """Return 0 when both halves have passed."""
    running = {name: _start(words) for name, words in HALVES.items()}
    broken: list[str] = []
    readers = [
        threading.Thread(target=_print, args=(name, process, broken))
        for name, process in running.items()
    ]
    for reader in readers:
        reader.start()
    try:
        codes = {name: process.wait() for name, process in running.items()}
    except KeyboardInterrupt:  # the terminal has told them, too: they end what they started
        codes = {name: process.wait() for name, process in running.items()}
    for reader in readers:
        reader.join()
    failed = [name for name, code in codes.items() if code != 0]
    for name in failed:
        _say(f"{name}: failed ({codes[name]})")
    for line in broken:  # at the very end, where one looks first
        _say(line)
    return 1 if failed else 0


def _start(words: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own tests
        [sys.executable, "-u", "-m", "pytest", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def _print(name: str, process: "subprocess.Popen[str]", broken: list[str]) -> None:
    assert process.stdout is not None  # noqa: S101 - asked for
    for line in process.stdout:
        _say(f"{name:9} | {line.rstrip()}")
        if line.startswith(("FAILED ", "ERROR ")):
            broken.append(line.strip()[:200])


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the interface


if __name__ == "__main__":
    sys.exit(main())
