"""Reads of *documents*: one document with the caller's abilities, and lists."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from apps.accounts import selectors as accounts
from apps.accounts.models import User
from apps.accounts.roles import Abilities, Role, abilities_of
from apps.core import errors, ids
from apps.core.document_names import TITLES_FOUND_MAX
from apps.core.mongo import equal
from apps.documents.excerpts import excerpt_shown
from apps.documents.listing import Edge, Listing, Order, rows_find
from apps.documents.models import Document, document_rows
from apps.documents.titles import search_pattern
from apps.documents.writers import Writer, writers_read

#: Orders of a list.
ORDERINGS = (
    "-updated_at",
    "updated_at",
    "title",
    "-title",
    "-created_at",
    "created_at",
)
DEFAULT_ORDERING = "-updated_at"
#: Most of its last writers that a document is listed with.
WRITERS_SHOWN = 4
#: The fields of the entity that a socket needs.
_OPENED = {"lineage": 1, "trashed": 1, "viewers_may_look": 1}
#: Documents of one chunk, where all documents are read.
CHUNK_DOCUMENTS = 200


class DocumentNotFoundError(errors.NotFoundError):
    """There is no such document, or the user may not read it."""

    code = "document_not_found"


class HistoryHiddenError(errors.ForbiddenError):
    """The owners of the document hide its history from viewers."""

    code = "history_hidden"


@dataclass(frozen=True, slots=True)
class NamedWriter:
    """A writer with the account's name; ``username`` and ``name`` are None without an account."""

    id: int
    username: str | None
    name: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class DocumentCard:
    """A document with the abilities of its reader, its owner and its last writers.

    ``owner`` is the user who has owned it longest, by *permission*; None when it is owned only by
    groups and deleted accounts. ``writers``: the last one first; none for a reader who may not
    see the history. ``excerpt``: the first words of its text, "" where none are stored.
    """

    document: Document
    abilities: Abilities
    owner: User | None
    writers: list[NamedWriter]
    excerpt: str

    @property
    def title(self) -> str:
        """Return the document's title."""
        return str(self.document.title)


def document_get(
    *, user: Any, document_id: str, with_trashed: bool = False
) -> tuple[Document, Abilities]:
    """Return a document and the abilities of ``user`` on it.

    Raises the same ``DocumentNotFoundError`` for an unknown, an invisible and a malformed id, and
    for a document in the trash, unless ``with_trashed`` is set and the user may untrash it.
    """
    abilities = _abilities(user, document_id)
    document = Document.objects(id=document_id).first() if abilities.read else None
    if document is None or (document.trashed and not (with_trashed and abilities.trash)):
        raise _not_found()
    return document, _abilities_in(document, abilities.role)


def document_open_get(*, role: Role | None, document_id: str) -> tuple[str, Abilities]:
    """Return a document's lineage, and the abilities in it of a role that was read just now.

    For a socket: reads no more of the entity. Raises ``DocumentNotFoundError`` as ``document_get``.
    """
    row = None
    if abilities_of(role).read and ids.is_id(document_id):
        row = document_rows().find_one({"_id": document_id}, _OPENED)
    if row is None or row.get("trashed"):
        raise _not_found()
    may_look = row.get("viewers_may_look", True)
    return row["lineage"], abilities_of(role, viewers_may_look=may_look)


def document_history_get(*, user: Any, document_id: str) -> tuple[Document, Abilities]:
    """Return a document whose history ``user`` may see, and the abilities of ``user`` on it.

    Raises ``HistoryHiddenError``, and as ``document_get`` does.
    """
    document, abilities = document_get(user=user, document_id=document_id)
    history_check(abilities)
    return document, abilities


def history_check(abilities: Abilities) -> None:
    """Raise ``HistoryHiddenError`` unless the abilities allow to see the history."""
    if not abilities.look_at_history:
        raise HistoryHiddenError("You may see this document as it is now, not its history.")


def document_stored(document_id: str) -> Document:
    """Return a document for operators' work, without a check of permissions.

    Raises ``DocumentNotFoundError``.
    """
    document: Document | None = Document.objects(id=document_id).first()
    if document is None:
        raise DocumentNotFoundError(f"There is no document {document_id}.")
    return document


def titles_by_id(document_ids: Collection[str]) -> dict[str, str]:
    """Return ``{document id: title}`` for the documents that exist, in one query, for admins."""
    condition = {"_id": {"$in": list(document_ids)}}
    return {row["_id"]: row["title"] for row in document_rows().find(condition, {"title": 1})}


def ids_by_title(search: str) -> list[str]:
    """Return the ids of documents with these words, up to one that is too many, for admins."""
    pattern = search_pattern(search)
    if not pattern:
        return []
    rows = document_rows().find({"title_folded": {"$regex": pattern}}, {"_id": 1})
    return [row["_id"] for row in rows.limit(TITLES_FOUND_MAX + 1)]


def documents_created_count(*, user_id: int) -> int:
    """Return how many documents a person has created, those in the trash included."""
    return int(document_rows().count_documents({"owner_id": user_id}))


def document_ids() -> Iterator[str]:
    """Yield the ids of all documents, including those in the trash."""
    for document in Document.objects.only("id"):
        yield document.id


def document_chunks(*, document_id: str | None = None) -> Iterator[list[Document]]:
    """Yield all documents, or one of them, the last edited first, in chunks.

    Of each only the id, the title and the positions of its log are loaded.
    """
    documents = Document.objects.only("id", "title", "seq", "published_seq")
    if document_id is not None:
        documents = documents.filter(id=document_id)
    yield from _chunks(documents.order_by("-updated_at"))


def documents_edited_since(since: datetime) -> Iterator[list[Document]]:
    """Yield the documents edited after a time that have a log, the last edited first, in chunks.

    Of each only the id and the last ``seq`` are loaded.
    """
    documents = Document.objects(updated_at__gt=since, seq__gt=0).only("id", "seq")
    yield from _chunks(documents.order_by("-updated_at"))


def documents_list(
    *,
    user: User,
    search: str = "",
    ordering: str = DEFAULT_ORDERING,
    trashed: bool = False,
    owned: bool | None = None,
) -> Listing:
    """Return the documents of ``user``, owned and shared ones, to be read page by page.

    ``search``: the title has every word, in any case. ``owned``: only those that the user owns
    (True), or only others (False). ``trashed``: those in the trash that the user may untrash.
    """
    return Listing(user, search, order_of(ordering), trashed, owned)


def documents_all(
    *,
    search: str = "",
    trashed: bool = False,
    document_ids: Collection[str] | None = None,
    after: Edge | None = None,
    size: int,
) -> list[Document]:
    """Return documents of everybody after a position, the last changed first, for administrators.

    ``document_ids``: only these.
    """
    condition: dict[str, Any] = {"trashed": equal(trashed)}
    if document_ids is not None:
        if not document_ids:
            return []  # one Mongo dialect reads all documents for an empty list of ids
        # Not by ``equal``: that dialect would read all documents by the index of the order.
        condition = {"_id": {"$in": list(document_ids)}, "trashed": {"$in": [trashed]}}
    order = order_of(DEFAULT_ORDERING)
    rows = rows_find(condition, search=search, order=order, after=after, size=size)
    return [Document._from_son(row) for row in rows]  # noqa: SLF001 - of rows of its own


def order_of(ordering: str) -> Order:
    """Return the stored order of one of ``ORDERINGS``."""
    field = ordering.removeprefix("-")
    return Order("title_folded" if field == "title" else field, descending=ordering.startswith("-"))


def document_cards(documents: Sequence[Document], *, user: User) -> list[DocumentCard]:
    """Return the cards of documents that ``user`` may read, in four queries for all of them."""
    roles = accounts.document_roles(user=user, document_ids=[document.id for document in documents])
    return _cards([(document, roles.get(document.id)) for document in documents])


def document_card(document: Document, *, user: User) -> DocumentCard:
    """Return the card of one document, including the rights of superusers."""
    role = accounts.abilities_get(user=user, document_id=document.id).role
    return _cards([(document, role)])[0]


def _cards(documents: Sequence[tuple[Document, Role | None]]) -> list[DocumentCard]:
    """Return the cards of documents with the role of their reader, in two queries."""
    owners = accounts.owners_by_document(document.id for document, _ in documents)
    abilities = [_abilities_in(document, role) for document, role in documents]
    writers = [
        writers_read(document.writers)[:WRITERS_SHOWN] if able.look_at_history else []
        for (document, _), able in zip(documents, abilities, strict=True)
    ]
    people = accounts.users_by_id({int(writer.author_id) for row in writers for writer in row})
    return [
        DocumentCard(
            document,
            able,
            owners.get(document.id),
            [_named(writer, people.get(int(writer.author_id))) for writer in row],
            excerpt_shown(document, able),
        )
        for (document, _), able, row in zip(documents, abilities, writers, strict=True)
    ]


def _named(writer: Writer, user: User | None) -> NamedWriter:
    username, name = (user.username, user.display_name) if user else (None, None)
    return NamedWriter(int(writer.author_id), username, name, writer.at)


def _chunks(documents: Iterable[Document]) -> Iterator[list[Document]]:
    rows = iter(documents)
    while chunk := list(islice(rows, CHUNK_DOCUMENTS)):
        yield chunk


def _not_found() -> DocumentNotFoundError:
    return DocumentNotFoundError("There is no such document, or it is not shared with you.")


def _abilities(user: Any, document_id: str) -> Abilities:
    if not ids.is_id(document_id):
        return abilities_of(None)
    return accounts.abilities_get(user=user, document_id=document_id)


def _abilities_in(document: Document, role: Role | None) -> Abilities:
    """Return the abilities of a role on this document, by its owners' settings."""
    return abilities_of(role, viewers_may_look=document.viewers_may_look)
