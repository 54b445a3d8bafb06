"""``make fuzz``: hostile input by grammar, against the engine alone and then a running product.

The seed is printed first; the same seed makes the same inputs in the same order.
"""

import argparse
import asyncio
import faulthandler
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import SHORT_WAITS
from tests.crdt.differential.history import differing_histories
from tests.fuzz.attackers import make_viewer
from tests.fuzz.engine_run import judge_documents
from tests.fuzz.product_run import ProductRun, run_rounds
from tests.support.launcher import Launched
from tests.support.web_server import WebServer

#: Random seeds are smaller than this, so that people can copy them.
_SEEDS = 1_000_000
#: Odd documents for the engine alone, and the share of the time that they may take.
ENGINE_DOCUMENTS = 10_000
ENGINE_SHARE = 0.3
#: Histories of stock Yjs pages, and the share of the time at whose end no more are begun.
HISTORIES = 3_000
HISTORIES_SHARE = 0.5
#: Messages that nobody can read come all the time, so they must not stop the worker's consumer.
SETTINGS = {**SHORT_WAITS, "WORKER_DEAD_LETTERS_MAX": "100000"}


class Diary:
    """Prints the events of a run, with the seconds since its start."""

    def __init__(self, seconds: float) -> None:
        self._began = time.monotonic()
        self._seconds = seconds

    def has_time(self, share: float = 1.0) -> bool:
        """Return whether this share of the time is not over."""
        return time.monotonic() - self._began < share * self._seconds

    def say(self, text: str) -> None:
        """Write a line."""
        print(f"{time.monotonic() - self._began:7.1f} s  {text}", flush=True)  # noqa: T201


def main() -> int:
    """Run until the time is up; return the exit code, 1 for a finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, help="that of an earlier run (default: by chance)")
    parser.add_argument("--minutes", type=float, default=5, help="how long rounds are begun")
    arguments = parser.parse_args()
    faulthandler.enable()
    os.environ["RUST_BACKTRACE"] = "0"  # of a panic, its message is enough
    seed = random.randrange(_SEEDS) if arguments.seed is None else arguments.seed
    diary = Diary(arguments.minutes * 60)
    diary.say(f"Seed {seed}. The same again: make fuzz SEED={seed} MINUTES={arguments.minutes:g}")
    found = [*_try_engine(seed, diary), *_try_histories(seed, diary), *_try_product(seed, diary)]
    for finding in found:
        diary.say(f"FINDING\n{finding}")
    diary.say(f"{len(found)} findings with seed {seed}.")
    return 1 if found else 0


def _try_engine(seed: int, diary: Diary) -> list[str]:
    """Judge odd documents; their numbers begin at the seed, a million for each."""
    first = seed * ENGINE_DOCUMENTS
    report = judge_documents(
        range(first, first + ENGINE_DOCUMENTS), go_on=lambda: diary.has_time(ENGINE_SHARE)
    )
    diary.say(f"engine: {', '.join(f'{count} {name}' for name, count in report.sums.items())}")
    return [str(finding) for finding in report.findings]


def _try_histories(seed: int, diary: Diary) -> list[str]:
    """Hold the server against Yjs itself."""
    made = 0

    def go_on() -> bool:
        nonlocal made
        made += 1
        return diary.has_time(HISTORIES_SHARE)

    first = seed * HISTORIES
    found = differing_histories(range(first, first + HISTORIES), go_on=go_on)
    diary.say(f"histories: {made} of stock Yjs pages, {len(found)} read in several ways")
    return found


def _try_product(seed: int, diary: Diary) -> list[str]:
    """Start a product and run rounds; its data stays where something was found."""
    folder = Path(tempfile.mkdtemp(prefix="scriptorium-fuzz-"))
    stack = Launched(folder, settings=SETTINGS)
    found: list[str] = []
    try:
        stack.wait_until_ready()
        make_viewer(stack)
        with WebServer(stack, "web-fuzz") as other:
            run = ProductRun(stack, other)
            rounds = run_rounds(run, seed, go_on=diary.has_time, say=diary.say)
            found = [str(finding) for finding in asyncio.run(rounds)]
    except KeyboardInterrupt:
        diary.say("Stopped.")
    finally:
        stack.stop()
    if found:
        diary.say(f"Data and logs are in {folder}.")
    else:
        shutil.rmtree(folder)
    return found


if __name__ == "__main__":
    sys.exit(main())
