"""The web server's CPU time of an edit, by step: ``make bench-steps``.

py-spy samples the server 500 times a second while S3 is measured: many documents with two people
each. A sample of the thread that holds the interpreter belongs to the first step whose function is
on its stack; time in system calls is not sampled, and shared out with the rest. On a busy machine
a thread that waits for a processor keeps the interpreter: then it is sampled where it stands.
Prints a table in Markdown: the share of each step, and that share of the server's CPU time for
1,000 edits. Samples of the start and of the opening of sockets are left out, as the CPU time is.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.flame import Profiled
from benchmarks.generating import Generator, MeasurementError

#: How long the server is sampled, in seconds: the opening of a full run, and its typing.
SECONDS: Final = 18
#: Each step, and the functions by which a sample is known, from the outer to the inner ones.
OPENING: Final = "start, requests, opening of sockets"
STEPS: Final[Mapping[str, Sequence[str]]] = {
    OPENING: (
        "open (apps/collab/consumers.py",
        "_admit (apps/collab/",
        "_open (apps/collab/runtime.py",
        "_load (apps/collab/runtime.py",
        "handle_events (uvicorn/protocols/http",
        "run_asgi (uvicorn/protocols/http",
        "thread_handler (asgiref",
        "get_response (django",
        "handle_connect (uvicorn",
        "join (apps/collab/room.py",
        "_find_and_load (",
    ),
    "commit: MongoDB's driver": ("bulk_write (apps/core/mongo_bulk_write.py",),
    "commit: hand-over to Kafka": ("_publish_stored (apps/oplog/services.py",),
    "commit: the rest of its thread": (
        "operations_append (apps/oplog/services.py",
        "_worker (concurrent/futures/thread.py",
    ),
    "reports of Kafka": ("_serve (apps/oplog/publisher.py",),
    "merge of a batch": ("EditPipeline._merge (apps/collab/edit_pipeline.py",),
    "acks and broadcast": ("_acknowledge (apps/collab/edit_pipeline.py",),
    "room: the rest of its turn": ("_run (apps/collab/room.py",),
    "committer in the event loop": ("_commit_all (apps/collab/committer.py",),
    "frames: reading an edit": ("handle (apps/collab/frame_handler.py",),
    "frames: receive loop": ("_receive_all (apps/collab/consumers.py",),
    "sockets: decoding": ("data_received (apps/collab/servers/uvicorn_server.py",),
    "sockets: writing": ("write (apps/collab/session.py", "_write (apps/collab/consumers.py"),
    "event loop and everything else": ("",),
}


def shares(samples: Iterable[str]) -> dict[str, float]:
    """Return the share of each step but ``OPENING`` in samples of py-spy's format ``raw``."""
    counts: Counter[str] = Counter()
    for line in samples:
        stack, _, count = line.rpartition(" ")
        counts[step_of(stack)] += int(count)
    del counts[OPENING]
    every = counts.total()
    return {step: counts[step] / every for step in STEPS if counts[step]}


def step_of(stack: str) -> str:
    """Return the step of a stack, whose frames are separated by semicolons."""
    return next(
        step for step, functions in STEPS.items() if any(name in stack for name in functions)
    )


def table(samples: Iterable[str], *, cpu_s: float, edits: int) -> str:
    """Return the table of samples of a run that took so much CPU time for so many edits."""
    lines = ["| step | share | ms for 1,000 edits |", "| --- | --- | --- |"]
    for step, share in shares(samples).items():
        lines.append(f"| {step} | {share:.1%} | {share * cpu_s * 1e6 / edits:.0f} |")
    lines.append(f"| all | 100 % | {cpu_s * 1e6 / edits:.0f} |")
    return "\n".join(lines)


class Sampled(Profiled):
    """A Scriptorium whose web server is sampled as text."""

    spy_options = ("--gil", "--format", "raw")


def main() -> int:
    """Measure, and print the table. Returns 1 where that failed."""
    with tempfile.TemporaryDirectory() as folder:
        generator = Generator(Path(folder), quick="--quick" in sys.argv[1:])
        subject = Sampled(Path(folder) / "embedded")
        output = Path(folder) / "samples.txt"
        try:
            [(case, metrics)] = subject.sample("S3", SECONDS, generator, output)
        except MeasurementError as err:
            print(f"not measured: {err}", file=sys.stderr)  # noqa: T201 - the answer
            return 1
        finally:
            subject.close()
        documents = int(case.split()[0])
        edits = documents * 10 * (3 if generator.quick else 10)
        samples = output.read_text(encoding="utf-8").splitlines()
        cpu_s = metrics["cpu_s"] or 0.0
        print(f"{case}, {edits:,} edits:\n\n{table(samples, cpu_s=cpu_s, edits=edits)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
