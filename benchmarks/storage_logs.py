"""Measures the size of a log before and after compaction; prints ``[[name, value, unit]]``.

The arguments are the file of the embedded MongoDB server, the characters of an operation, and the
number of operations. Two people type in turns, a hundred operations each. BSON bytes are the size
in any MongoDB before its own compression, without indexes; the file size is that after SQLite's
``VACUUM``.
"""

import json
import random
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import bson
import django

django.setup()

from apps.core import clock
from apps.documents.heads import Head, Published, heads_advance, published_advance
from apps.history.last_processed import Processed, processed_advance
from apps.history.models import version_rows
from apps.history.services import version_create
from apps.history.states import present_state
from apps.maintenance.compaction import document_compact
from apps.oplog.bulk import operations_write
from apps.oplog.compaction_point import compacted_find
from apps.oplog.models import compacted_rows, compaction_point_rows, operation_rows
from apps.oplog.operation import Operation
from tests.support.documents import make_document
from tests.support.operations import Scribe

Measured = tuple[str, float, str]

#: Operations that one of the two writes in a turn.
OPERATIONS_PER_TURN = 100
#: The last operations, which are not old enough for compaction.
RECENT_OPERATIONS = 10
OLD_AGE = timedelta(days=100)
#: Characters with their frequency in English: repeated text would compress to nothing.
ALPHABET = "eeeeeeeetttttaaaaooooiiinnnsssrrrhhhlllddduucmfpgwybvk" + " " * 11
_RANDOM = random.Random(1)  # noqa: S311 - the same at each run


def measure(file: Path, characters: int, count: int) -> list[Measured]:
    """Write a log, measure it, compact it, and measure it again."""
    scribe = Scribe()
    make_document(scribe.document_id)
    empty = _file_bytes(file)
    _store(_written(scribe, characters, count, OLD_AGE), clock.now())
    version = present_state(document_id=scribe.document_id)
    version_create(document_id=scribe.document_id, snapshot=version)
    _store(_written(scribe, characters, RECENT_OPERATIONS, timedelta(0)), clock.now())
    before_bson, before_file = _bson_bytes(), _file_bytes(file) - empty
    started = time.perf_counter()
    for _ in range(2):
        document_compact(document_id=scribe.document_id, after_days=30, apply=True)
    seconds = time.perf_counter() - started
    after_bson, after_file = _bson_bytes(), _file_bytes(file) - empty
    started = time.perf_counter()
    compacted_find(document_id=scribe.document_id, unique_ids=["nobody's"])
    query_s = time.perf_counter() - started
    state = len(version.encode())
    return [
        ("BSON bytes an operation, whole log", before_bson / count, "B"),
        ("BSON bytes an operation, compacted", after_bson / count, "B"),
        ("of which the version that it begins with", state / count, "B"),
        ("file bytes an operation, whole log", before_file / count, "B"),
        ("file bytes an operation, compacted", after_file / count, "B"),
        ("time of the compaction", seconds, "s"),
        ("asking for a name that is not packed", query_s * 1000, "ms"),
    ]


def _written(scribe: Scribe, characters: int, count: int, age: timedelta) -> list[Operation]:
    operations = []
    for number in range(count):
        scribe.author_id = str(1 + number // OPERATIONS_PER_TURN % 2)
        text = "".join(_RANDOM.choices(ALPHABET, k=characters))
        operations.append(scribe.write(text, at=clock.now() - age))
    return operations


def _store(operations: list[Operation], now: datetime) -> None:
    first, last = operations[0], operations[-1]
    for _ in operations_write(operations):
        pass
    heads_advance([Head(last.document_id, last.seq, last.version_vector, now)])
    published_advance([Published(last.document_id, first.seq, last.seq)])
    mark = Processed(last.document_id, last.seq, last.unique_id, last.version_vector, now)
    processed_advance([mark], at=now)


def _bson_bytes() -> int:
    """Return the size of the log's rows, and of the rows that replace them."""
    collections = (operation_rows(), compacted_rows(), compaction_point_rows(), version_rows())
    return sum(len(bson.encode(row)) for rows in collections for row in rows.find())


def _file_bytes(file: Path) -> int:
    """Return the size of a copy of the server's file that has no free pages."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as live:
            live.execute("VACUUM INTO ?", [str(copy)])
        return copy.stat().st_size


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201
