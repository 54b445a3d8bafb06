"""What active documents need, and what runs out first: ``python -m benchmarks.capacity``.

Arithmetic, not a measurement: the figures of ``Measured`` are those of docs/performance.md, on one
core of the machine that they were taken on, and everything else follows from them and from how
people are taken to write.
"""

from dataclasses import dataclass
from math import ceil

#: A document in which people write, at one moment.
PEOPLE_IN_IT = 3
#: The page sends what a person types at the latest every two seconds: one operation.
OPERATIONS_PER_WRITER_S = 0.5
WRITERS_IN_IT = 1.5
#: A server and a service are not planned to be busier than this.
MOST_BUSY = 0.6
MIB = 1024


@dataclass(frozen=True)
class Measured:
    """Figures of docs/performance.md, each with where it stands there."""

    #: Memory of a server that has nothing open, in KiB (S4, S8).
    server_kib: float = 157 * MIB
    #: Of a document that is open with one session (S5), and of each session (S8).
    document_kib: float = 36.1
    session_kib: float = 25.8
    #: Of one core: operations of many documents, each seen by another person (S3: 1,500 updates of
    #: 50 documents, nearly each with a commit of its own, took the server 1.19 s of CPU).
    server_per_s: float = 1_260
    #: A worker's catching up (S12).
    worker_per_s: float = 15_300
    #: Rows a second of one MongoDB (ADR 0009: the embedded server).
    mongodb_per_s: float = 6_000
    #: What is stored of an operation for ever, without compaction, in bytes (bench-storage).
    stored_bytes: float = 277


@dataclass(frozen=True)
class Need:
    """What so many active documents need."""

    documents: int
    operations_per_s: float
    servers_by_cpu: float
    servers_by_memory: float
    workers: float
    mongodb_busy: float
    stored_gib_a_day: float

    @property
    def servers(self) -> int:
        """Return how many web servers of one core and 1 GiB that is."""
        return max(1, ceil(self.servers_by_cpu), ceil(self.servers_by_memory))

    @property
    def first(self) -> str:
        """Return what the first limit is when nothing is added."""
        busy = {
            "one web server's CPU": self.servers_by_cpu,
            "one web server's memory": self.servers_by_memory,
            "one worker": self.workers,
            "one MongoDB's writes": self.mongodb_busy,
        }
        name, share = max(busy.items(), key=lambda item: item[1])
        return name if share > 1 else "nothing"


def need_of(documents: int, measured: Measured | None = None) -> Need:
    """Return what so many documents with people in them need, at most ``MOST_BUSY`` busy."""
    figures = measured or Measured()
    rate = documents * WRITERS_IN_IT * OPERATIONS_PER_WRITER_S
    each_kib = figures.document_kib + PEOPLE_IN_IT * figures.session_kib
    room_kib = MIB * MIB * MOST_BUSY - figures.server_kib
    return Need(
        documents=documents,
        operations_per_s=rate,
        servers_by_cpu=rate / (figures.server_per_s * MOST_BUSY),
        servers_by_memory=documents * each_kib / room_kib,
        workers=rate / (figures.worker_per_s * MOST_BUSY),
        mongodb_busy=rate / (figures.mongodb_per_s * MOST_BUSY),
        # People write in a document for two hours of a day.
        stored_gib_a_day=rate * 2 * 3600 * figures.stored_bytes / 1024**3,
    )


def main() -> None:
    """Print the table of docs/scaling.md."""
    print("| active documents | operations/s | web servers | workers | MongoDB | GiB/day | first |")  # noqa: T201
    print("| --- | --- | --- | --- | --- | --- | --- |")  # noqa: T201
    for documents in (1_000, 10_000, 100_000, 1_000_000, 10_000_000):
        need = need_of(documents)
        print(  # noqa: T201 - the interface
            f"| {documents:,} | {need.operations_per_s:,.0f} | {need.servers:,} "
            f"| {ceil(need.workers):,} | {need.mongodb_busy:.0%} of one "
            f"| {need.stored_gib_a_day:,.1f} | {need.first} |"
        )


if __name__ == "__main__":
    main()
