"""Two authors of one document, with each edit in the log."""

from collections.abc import Sequence
from typing import Any

import pycrdt

from apps.accounts.roles import Role
from apps.core import clock, ids
from apps.crdt.codec.copy_map import CopiedRange, copy_map_encode
from apps.crdt.codec.vectors import decode_vector
from apps.documents.models import Document
from apps.oplog.bulk import operations_write
from apps.oplog.operation import Operation
from tests.accounts.factories import grant, make_user
from tests.documents.factories import make_document


class Pair:
    """Two authors who write in one paragraph of a document, each with an own client."""

    def __init__(self) -> None:
        self.users = [make_user(may_create=True), make_user()]
        self.document: Document = make_document(self.users[0])
        grant(self.users[1], Role.EDITOR, self.document.id)
        self._docs = [pycrdt.Doc[Any](client_id=number) for number in (1, 2)]
        self.seq = 0

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
        copies: Sequence[CopiedRange] | bytes = (),
    ) -> None:
        """Write into the text, and log it, with a copy map."""
        doc, other = self._docs[who], self._docs[1 - who]
        vector = doc.get_state()
        root = doc.get("default", type=pycrdt.XmlFragment)
        with doc.transaction():
            if not len(root.children):
                paragraph = root.children.append(pycrdt.XmlElement("paragraph"))
                paragraph.children.append(pycrdt.XmlText())
            run = root.children[0].children[0]
            if delete:
                del run[at : at + delete]
            if text:
                run.insert(at, text)
        update = doc.get_update(vector)
        other.apply_update(update)
        self.seq += 1
        operation = Operation(
            self.document.id,
            self.seq,
            ids.new_id(),
            str(self.users[who].pk),
            clock.now(),
            doc.get_state(),
            update,
            copies if isinstance(copies, bytes) else copy_map_encode(copies),
        )
        list(operations_write([operation]))
