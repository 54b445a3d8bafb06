"""A stored document that several authors wrote some time ago, to be compacted."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pycrdt

from apps.accounts.models import User
from apps.core import clock, ids
from apps.crdt.codec.copy_map import CopiedRange, copy_map_encode
from apps.crdt.codec.vectors import decode_vector
from apps.documents.heads import Head, Published, heads_advance, published_advance
from apps.history.last_processed import Processed, processed_advance
from apps.history.services import version_create
from apps.history.states import present_state
from apps.oplog.bulk import operations_write
from apps.oplog.operation import Operation
from tests.documents.factories import make_document

#: Default age of written operations.
AGE = timedelta(days=100)


class OldLog:
    """Writes into one document as several authors, each with an own client.

    The authors are ``users``, the first one the owner; all see each edit at once.
    """

    def __init__(self, users: list[User]) -> None:
        self.users = users
        self.document = make_document(users[0])
        self.document_id: str = self.document.id
        self.seq = 0
        self.operations: list[Operation] = []
        self._docs = [pycrdt.Doc[Any](client_id=number + 1) for number in range(len(users))]

    @property
    def text(self) -> str:
        """Return the document's text."""
        return str(self._docs[0].get("content", type=pycrdt.Text))

    def clock(self, who: int) -> int:
        """Return the next clock of an author's client, whose id is ``who + 1``."""
        return decode_vector(self._docs[who].get_state()).get(who + 1, 0)

    def write(
        self,
        who: int,
        at: int,
        text: str,
        *,
        delete: int = 0,
        age: timedelta = AGE,
        copies: Sequence[CopiedRange] = (),
    ) -> None:
        """Delete and insert, as one operation; a position after the end is the end."""
        doc = self._docs[who]
        before = doc.get_state()
        content = doc.get("content", type=pycrdt.Text)
        text_before = str(content)
        place = len(text_before[:at].encode())  # the library counts in bytes
        with doc.transaction():
            if end := len(text_before[at : at + delete].encode()):
                del content[place : place + end]
            content.insert(place, text)
        update = doc.get_update(before)
        self._log(who, update, doc.get_state(), clock.now() - age, copy_map_encode(copies))

    def add_picture(self, file_id: str, *, age: timedelta = AGE) -> None:
        """Show a file of the document as a picture, by its owner."""
        picture = pycrdt.XmlElement("image", {"attachment": file_id})
        self._change_content(lambda root: root.children.append(picture), age)

    def delete_pictures(self, *, age: timedelta = AGE) -> None:
        """Delete all that the content shows, by its owner."""
        self._change_content(_clear, age)

    def _change_content(
        self, change: Callable[[pycrdt.XmlFragment], object], age: timedelta
    ) -> None:
        doc = self._docs[0]
        before = doc.get_state()
        change(doc.get("default", type=pycrdt.XmlFragment))
        self._log(0, doc.get_update(before), doc.get_state(), clock.now() - age, b"")

    def apply(self, who: int, update: bytes, copies: bytes) -> None:
        """Log and store an update that was made for the present, as a room does."""
        self._docs[who].apply_update(update)
        self._log(who, update, self._docs[who].get_state(), clock.now(), copies)
        self.store()

    def write_many(self, count: int, *, age: timedelta = AGE) -> None:
        """Write short words, by the authors in turns."""
        for number in range(count):
            self.write(number % len(self.users), self.seq, f"{number} ", age=age)

    def store(self) -> None:
        """Store the operations since the last call, as published and processed ones."""
        stored = self._stored_seq()
        fresh = [operation for operation in self.operations if operation.seq > stored]
        if not fresh:
            return
        last = fresh[-1]
        list(operations_write(fresh))
        heads_advance([Head(self.document_id, last.seq, last.version_vector, clock.now())])
        published_advance([Published(self.document_id, fresh[0].seq, last.seq)])
        mark = Processed(
            self.document_id, last.seq, last.unique_id, last.version_vector, last.received_at
        )
        processed_advance([mark], at=clock.now())

    def keep(self) -> int:
        """Store, and store the present as an automatic version."""
        self.store()
        snapshot = present_state(document_id=self.document_id)
        return version_create(
            document_id=self.document_id, snapshot=snapshot, author_ids=[str(self.users[0].pk)]
        )

    def _stored_seq(self) -> int:
        self.document.reload()
        return int(self.document.seq)

    def _log(self, who: int, update: bytes, vector: bytes, at: datetime, copies: bytes) -> None:
        self.seq += 1
        self.operations.append(
            Operation(
                document_id=self.document_id,
                seq=self.seq,
                unique_id=ids.new_id(),
                author_id=str(self.users[who].pk),
                received_at=at,
                version_vector=vector,
                update=update,
                copies=copies,
            )
        )
        for doc in self._docs:
            doc.apply_update(update)


def _clear(root: pycrdt.XmlFragment) -> None:
    for index in reversed(range(len(root.children))):
        del root.children[index]
