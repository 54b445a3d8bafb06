"""Storage of an operation in MongoDB, with and without compaction: ``make bench-storage``.

Each kind of typing has new embedded services; ``storage_logs`` measures, with their settings.
Prints a table; each row is added as a line of JSON to ``benchmarks/results``.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.launcher import ROOT, Launched

RESULTS = Path(__file__).parent / "results" / "storage.jsonl"
#: Characters of one operation: the most that the page sends at once, and a stock client's key.
CHARACTERS_OF = {"page, 20 letters an operation": 20, "stock client, 1 letter": 1}
OPERATIONS = 20_000


def main() -> None:
    """Measure everything."""
    RESULTS.parent.mkdir(exist_ok=True)
    for typing, characters in CHARACTERS_OF.items():
        with tempfile.TemporaryDirectory() as folder:
            stack = Launched(Path(folder), action="services")
            try:
                stack.wait_until_ready()
                _measure(stack, typing, characters)
            finally:
                stack.stop()


def _measure(stack: Launched, typing: str, characters: int) -> None:
    environment = {
        **os.environ,
        **stack.settings(),
        "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
        "SERVER_ID": "bench",
        "LOG_LEVEL": "WARNING",
        "COMPACT_DROP_AFTER_S": "0",
    }
    file = stack.data_dir / "mongo" / "scriptorium.db"
    done = subprocess.run(  # noqa: S603 - our own program
        [
            sys.executable,
            "-m",
            "benchmarks.storage_logs",
            str(file),
            str(characters),
            str(OPERATIONS),
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    for name, value, unit in json.loads(done.stdout):
        print(f"{typing:<32}{name:<50}{value:>12,.1f} {unit}", flush=True)  # noqa: T201 - the interface
        row = {"scenario": typing, "subject": "scriptorium", "metric": name, "value": value}
        with RESULTS.open("a") as results:
            results.write(json.dumps({**row, "unit": unit, "services": "embedded"}) + "\n")


if __name__ == "__main__":
    main()
