"""People and documents for the tests of client ids."""

from typing import Any

from apps.collab.limits import Limits
from apps.collab.live_document import LiveDocument
from apps.collab.submission import Draft
from apps.core import clock
from apps.crdt.engine.base import get_engine
from apps.history.loaded_document import LoadedDocument
from apps.oplog.operation import Operation
from tests.collab.authors import Author, Writer, submission
from tests.crdt.samples import uints, written

ENGINE = get_engine("pycrdt")
DOCUMENT = "0b6f3a52-5d3c-4a3e-9a0e-1d9c3c5f7a11"
#: The client id of Ada's page.
PAGE = 71


def live(
    announced: dict[int, str] | None = None, *, relays: object = False, **limits: Any
) -> LiveDocument:
    """Return an empty live document.

    ``announced`` has the people of client ids in presence; while ``relays`` is true, an older
    backup has been restored.
    """
    loaded = LoadedDocument(engine=ENGINE.new_document(), vector={}, seq=0, size_bytes=0)
    return LiveDocument(
        loaded,
        engine=ENGINE,
        limits=Limits(**limits),
        announced_by=(announced or {}).get,
        accepts_relays=lambda: bool(relays),
    )


def settle(document: LiveDocument, drafts: list[Draft]) -> list[Operation]:
    """Commit drafts, as the room does after storing them."""
    operations = document.assign_seqs(drafts, document_id=DOCUMENT, at=clock.now())
    document.mark_persisted(drafts, operations)
    return operations


def send(
    document: LiveDocument, author: Author, update: bytes, unique_id: str | None = None
) -> list[Operation]:
    """Submit one update and commit what becomes of it."""
    return settle(document, document.prepare([submission(update, author, unique_id)], at=0))


def codes(author: Author) -> list[str]:
    """Return the codes of an author's rejections."""
    return [error.code for _, error in author.rejected]


def collected(clock: int, length: int) -> bytes:
    """Return an update of garbage collected clocks in the name of Ada's page."""
    return written([(PAGE, clock, [b"\x00" + uints(length)])])


def people() -> tuple[Author, Author, Writer]:
    """Return Ada, Grace, and Ada's page."""
    return Author(user_id="1"), Author(user_id="2"), Writer(PAGE)
