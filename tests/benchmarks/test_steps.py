"""The table of CPU time by step, from samples."""

from benchmarks.steps import OPENING, shares, step_of, table

LOOP = "thread (1): MainThread;<module> (manage.py:20);Runner.run (asyncio/runners.py:118)"
MERGE = (
    f"{LOOP};Room._run (apps/collab/room.py:7);EditPipeline._merge (apps/collab/edit_pipeline.py:9)"
)
COMMIT = "thread (2): committer_0;operations_append (apps/oplog/services.py:80)"
STORE = f"{COMMIT};bulk_write (apps/core/mongo_bulk_write.py:50)"
OPEN = f"{LOOP};_Connection.open (apps/collab/consumers.py:120)"


def test_sample_belongs_to_the_first_step_on_its_stack() -> None:
    """Whatever is within it."""
    assert step_of(f"{MERGE};merge (pycrdt/_update.py:44)") == "merge of a batch"
    assert step_of(STORE) == "commit: MongoDB's driver"
    assert step_of(COMMIT) == "commit: the rest of its thread"
    assert step_of(LOOP) == "event loop and everything else"
    assert step_of(OPEN) == OPENING


def test_shares_are_those_of_typing() -> None:
    """Without the opening of sockets; in the table they are shares of the CPU time."""
    samples = [f"{MERGE} 30", f"{STORE} 10", f"{OPEN} 500"]
    assert shares(samples) == {"commit: MongoDB's driver": 0.25, "merge of a batch": 0.75}
    assert table(samples, cpu_s=0.8, edits=2_000).splitlines()[2:] == [
        "| commit: MongoDB's driver | 25.0% | 100 |",
        "| merge of a batch | 75.0% | 300 |",
        "| all | 100 % | 400 |",
    ]
