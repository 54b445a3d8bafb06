"""Documents with long logs, as people would have typed them, written directly to the database."""

import itertools
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pycrdt
import redis
from pymongo import MongoClient

from apps.core.ids import new_id
from apps.core.mongo_datetime import datetime_text
from apps.history.snapshot import Snapshot
from apps.history.version import Version
from apps.oplog.operation import Operation
from tests.support.launcher import Launched

WORDS = ("the", "harbour", "lies", "quiet", "before", "dawn", "and", "every", "lamp", "burns")
#: Number of operations between two stored snapshots.
SNAPSHOT_EVERY = 500
#: Operations of one author in a row, and the pause after them, in minutes.
SITTING = (60, 400)
PAUSE_MINUTES = (15, 600)
_ROWS_AT_ONCE = 2_000


class Typist:
    """Types paragraphs with headings, deletes some text, and returns to older paragraphs."""

    def __init__(self, document_id: str, author_ids: tuple[str, ...], *, seed: int = 1) -> None:
        self._document_id = document_id
        self._chance = random.Random(seed)
        self._authors = itertools.cycle(author_ids)
        self._doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=seed)
        self._root: pycrdt.XmlFragment = self._doc.get("default", type=pycrdt.XmlFragment)
        self._texts: list[pycrdt.XmlText] = []
        #: The update of the last transaction, as a client would send it.
        self._update = b""
        self._watch = self._doc.observe(self._keep_update)

    def _keep_update(self, event: pycrdt.TransactionEvent) -> None:
        self._update = bytes(event.update)

    def operations(self, count: int, *, until: datetime) -> Iterator[Operation]:
        """Yield a log of so many operations, the last one received at ``until``."""
        moments = self._moments(count, until)
        for seq, (author_id, at) in enumerate(moments, start=1):
            with self._doc.transaction():
                self._step()
            yield Operation(
                document_id=self._document_id,
                seq=seq,
                unique_id=new_id(),
                author_id=author_id,
                received_at=at,
                version_vector=self._doc.get_state(),
                update=self._update,
            )

    def snapshot(self, seq: int) -> Snapshot:
        """Return the present state, which is the state at ``seq``."""
        return Snapshot(seq, self._doc.get_state(), self._doc.get_update())

    def _moments(self, count: int, until: datetime) -> list[tuple[str, datetime]]:
        """Return author and time of each operation, computed from the last one backwards."""
        chance, at, moments = self._chance, until, list[tuple[str, datetime]]()
        while len(moments) < count:
            author_id = next(self._authors)
            for _ in range(min(chance.randint(*SITTING), count - len(moments))):
                moments.append((author_id, at))
                at -= timedelta(seconds=chance.choice((1, 1, 2, 2, 3, 20)))
            at -= timedelta(minutes=chance.randint(*PAUSE_MINUTES))
        return moments[::-1]

    def _step(self) -> None:
        chance = self._chance
        if not self._texts or len(str(self._texts[-1])) > chance.randint(150, 600):
            self._begin_block()
            return
        text = self._texts[-1] if chance.random() < 0.85 else chance.choice(self._texts)
        length = len(text)
        if chance.random() < 0.15 and length > 12:
            start = chance.randrange(length - 8)
            del text[start : start + chance.randint(1, 8)]
        else:
            text.insert(length, f"{chance.choice(WORDS)} ")

    def _begin_block(self) -> None:
        text = pycrdt.XmlText(f"{self._chance.choice(WORDS)} ")
        is_heading = self._chance.random() < 0.1
        # A number, as the page writes it; pycrdt accepts it.
        attributes: dict[str, Any] = {"level": 2} if is_heading else {}
        element = pycrdt.XmlElement("heading" if is_heading else "paragraph", attributes, [text])
        self._root.children.append(element)
        self._texts.append(text)


def long_document(stack: Launched, count: int, *, shares: Mapping[str, str] | None = None) -> str:
    """Make a document of ``count`` operations with the snapshots that a worker would have made."""
    document_id = stack.create_document("ada", **(shares or {"grace": "editor", "alan": "viewer"}))
    names = ("ada", "grace")
    author_ids = tuple(str(stack.call(name, "GET", "users/me/").json()["id"]) for name in names)
    typist = Typist(document_id, author_ids)
    rows, kept = list[dict[str, Any]](), 1  # the version of the empty document
    with MongoClient[dict[str, Any]](stack.settings()["MONGODB_URL"]) as client:
        database = client.get_default_database()
        for operation in typist.operations(count, until=datetime.now(UTC)):
            rows.append(operation.to_row())
            if len(rows) == _ROWS_AT_ONCE or operation.seq == count:
                database["crdt_operations"].insert_many(rows)
                rows.clear()
            if operation.seq % SNAPSHOT_EVERY == 0:
                kept += 1
                version = _version(operation, typist.snapshot(operation.seq), kept)
                database["document_versions"].insert_one(version.to_row())
        head = {"seq": count, "version_vector": operation.version_vector, "published_seq": count}
        moved = {**head, "updated_at": datetime_text(operation.received_at)}
        database["documents"].update_one({"_id": document_id}, {"$set": moved})
    with redis.Redis.from_url(stack.settings()["REDIS_URL"]) as cache:
        cache.delete(f"scriptorium:snapshot:{{{document_id}}}")  # the vector of the empty document
    return document_id


def _version(last: Operation, snapshot: Snapshot, number: int) -> Version:
    return Version(
        document_id=last.document_id,
        number=number,
        seq=last.seq,
        name="",
        automatic=True,
        created_at=last.received_at,
        author_ids=(last.author_id,),
        version_vector=snapshot.version_vector,
        blob=snapshot.encode(),
        size=len(snapshot.state),
    )
