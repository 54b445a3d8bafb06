"""Capacity planning: resources for active documents, and the first limit.

``python -m benchmarks.capacity`` prints a table. It is arithmetic, not a measurement: ``Measured``
has figures of docs/performance.md, on one core of the machine on which they were taken. The table
follows from them and from assumptions about how people write.
"""

from dataclasses import dataclass
from math import ceil

#: People with an active document open at the same time, and those of them who write.
PEOPLE_PER_DOCUMENT = 3
#: The page sends edits at least every two seconds, as one operation.
OPERATIONS_PER_WRITER_S = 0.5
WRITERS_PER_DOCUMENT = 1.5
#: Planned utilisation of a server or service, at most.
MAX_UTILISATION = 0.6
KIB_PER_MIB = 1024


@dataclass(frozen=True)
class Measured:
    """Figures of docs/performance.md, each with its scenario."""

    #: Memory of a server without open documents, in KiB (S4, S8).
    server_kib: float = 157 * KIB_PER_MIB
    #: Memory of an open document with one session (S5), and of each session (S8), in KiB.
    document_kib: float = 36.1
    session_kib: float = 25.8
    #: Operations per second of one core, in many documents with a reader each (S3: 1,500 updates
    #: of 50 documents, nearly each with its own commit, took the server 1.19 s of CPU).
    server_per_s: float = 1_260
    #: Operations per second of a worker that catches up (S12).
    worker_per_s: float = 15_300
    #: Rows per second of one MongoDB (ADR 0009: the embedded server).
    mongodb_per_s: float = 6_000
    #: Storage of an operation without compaction, in bytes (bench-storage).
    stored_bytes: float = 277


@dataclass(frozen=True)
class Need:
    """The resources that a number of active documents needs."""

    documents: int
    operations_per_s: float
    servers_by_cpu: float
    servers_by_memory: float
    workers: float
    mongodb_busy: float
    stored_gib_a_day: float

    @property
    def servers(self) -> int:
        """Return the number of web servers with one core and 1 GiB each."""
        return max(1, ceil(self.servers_by_cpu), ceil(self.servers_by_memory))

    @property
    def first(self) -> str:
        """Return the first limit of one server, one worker and one MongoDB."""
        busy = {
            "one web server's CPU": self.servers_by_cpu,
            "one web server's memory": self.servers_by_memory,
            "one worker": self.workers,
            "one MongoDB's writes": self.mongodb_busy,
        }
        name, share = max(busy.items(), key=lambda item: item[1])
        return name if share > 1 else "nothing"


def need_of(documents: int, measured: Measured | None = None) -> Need:
    """Return the resources for active documents, at ``MAX_UTILISATION``."""
    figures = measured or Measured()
    rate = documents * WRITERS_PER_DOCUMENT * OPERATIONS_PER_WRITER_S
    document_kib = figures.document_kib + PEOPLE_PER_DOCUMENT * figures.session_kib
    available_kib = KIB_PER_MIB * KIB_PER_MIB * MAX_UTILISATION - figures.server_kib
    return Need(
        documents=documents,
        operations_per_s=rate,
        servers_by_cpu=rate / (figures.server_per_s * MAX_UTILISATION),
        servers_by_memory=documents * document_kib / available_kib,
        workers=rate / (figures.worker_per_s * MAX_UTILISATION),
        mongodb_busy=rate / (figures.mongodb_per_s * MAX_UTILISATION),
        # People write in a document for two hours a day.
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
