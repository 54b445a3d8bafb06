"""``make chaos``: random faults while people type, for any time.

The seed is printed first; the same seed makes the same faults at the same moments of each round.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.conftest import SHORT_WAITS
from tests.crash.checks import check_nothing_lost, crowd, until_acknowledged, until_converged
from tests.crash.harm import Stage, staged, strike
from tests.crash.schedule import Fault, rounds
from tests.support.launcher import Launched

#: Words that each native client adds to the log after the last fault of a round.
WORDS = 15
#: Random seeds are smaller than this, so that people can copy them.
_SEEDS = 1_000_000
#: Operations that Kafka lost are read from the log soon, so that a round does not wait.
_SETTINGS = {**SHORT_WAITS, "SWEEP_AFTER_S": "5", "SWEEP_INTERVAL_S": "5"}


class Diary:
    """Prints the events of a run, with the seconds since its start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        """Write a line."""
        print(f"{self.seconds:7.1f} s  {text}", flush=True)  # noqa: T201 - the interface


def main() -> int:
    """Run until the time is up, Ctrl-C or a failure; return the exit code, 1 for a failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="that of an earlier run (default: by chance)")
    parser.add_argument("--minutes", type=float, default=5, help="how long rounds are begun")
    arguments = parser.parse_args()
    seed = random.randrange(_SEEDS) if arguments.seed is None else arguments.seed
    again = f"make chaos SEED={seed} MINUTES={arguments.minutes:g}"
    diary = Diary()
    diary.say(f"Seed {seed}. The same again: {again}")
    folder = Path(tempfile.mkdtemp(prefix="scriptorium-chaos-"))
    stack = Launched(folder, settings=_SETTINGS)
    failed = False
    try:
        stack.wait_until_ready()
        asyncio.run(run(stack, seed, arguments.minutes * 60, diary))
    except KeyboardInterrupt:
        diary.say("Stopped.")
    except Exception:  # noqa: BLE001 - any failure is printed with the command that repeats it
        failed = True
        traceback.print_exc()
    finally:
        stack.stop()
    if failed:
        diary.say(f"It did not hold. Data and logs are in {folder}. The same again: {again}")
        return 1
    shutil.rmtree(folder)
    return 0


async def run(stack: Launched, seed: int, seconds: float, diary: Diary) -> None:
    """Run one round after the other until the time is up."""
    with staged(stack, "web-chaos") as stage:
        for number, faults in enumerate(rounds(seed), start=1):
            diary.say(f"round {number}: four people type in a new document, on two servers")
            operations = await one_round(stage, faults, diary)
            diary.say(f"round {number} held: nothing of {operations} operations is lost")
            if diary.seconds > seconds:
                return


async def one_round(stage: Stage, faults: tuple[Fault, ...], diary: Diary) -> int:
    """Let people type in a new document while faults happen, and check; return its operations."""
    stack = stage.stack
    document_id = await asyncio.to_thread(stack.create_document, "ada", grace="editor")
    here, there = stack.ws_url, stage.server.ws_url
    async with crowd(stack, document_id, [here, there, there, here]) as people:
        for fault in faults:
            await asyncio.sleep(fault.after_s)
            diary.say(f"  {fault}")
            await asyncio.to_thread(strike, stage, document_id, fault)
        await until_acknowledged(people, WORDS)
        await until_converged(people)
        return await check_nothing_lost(stack, document_id, people)


if __name__ == "__main__":
    sys.exit(main())
