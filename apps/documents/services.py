"""Writes of *documents*: create, rename, trash, untrash. Rights are checked here, once.

MongoDB and PostgreSQL share no transaction. So a creation first writes the entity, which is
invisible without a permission, and deletes it when a later step fails.
"""

import contextlib
import logging
import uuid
from typing import TypedDict

from django.conf import settings
from django.db import transaction
from mongoengine.errors import NotUniqueError

from apps.accounts import selectors as accounts
from apps.accounts.changes import access_publish
from apps.accounts.models import User
from apps.accounts.services import AlreadySharedError, owner_grant, permissions_remove
from apps.accounts.usage import documents_check, storage_check
from apps.core import clock, errors, ids
from apps.core.events import Event
from apps.core.mongo_datetime import datetime_text
from apps.crdt.codec.vectors import EMPTY_VECTOR
from apps.documents import events
from apps.documents.events import DocumentChange
from apps.documents.models import Document, document_rows
from apps.documents.selectors import document_get, documents_created_count
from apps.documents.titles import title_clean, title_key
from apps.documents.writers import Writer, writers_set

logger = logging.getLogger(__name__)

#: The id of a seeded document is derived from its name, so that a second seeding finds it.
_SEED_NAMESPACE = uuid.UUID("5c1a6f5e-6f0b-4f0c-9a52-0f5d7c2d8e11")


class MayNotCreateError(errors.ForbiddenError):
    """The user has no right to create documents (docs/system-flow.md, §2)."""

    code = "may_not_create"


class NotAllowedError(errors.ForbiddenError):
    """The user may read the document, but lacks the right to this action."""


class HistoryChanges(TypedDict, total=False):
    """Changes of the history settings of a document, by the field names of ``Document``."""

    viewers_may_look: bool
    compact_after_days: int | None
    keep: dict[str, int] | None


class TitleTooLongError(errors.InvalidInputError):
    """The title is longer than ``DOCUMENT_TITLE_MAX_CHARS``."""

    code = "title_too_long"


def document_create(*, user: User, title: str = "", document_id: str | None = None) -> Document:
    """Create a document of ``user`` with its initial version (docs/system-flow.md, §2).

    All or nothing: when a step fails, the earlier steps are undone and the error is raised.
    Raises ``MayNotCreateError``, ``QuotaExceededError``, ``TitleTooLongError``.
    """
    creation_check(user=user)
    document = _new_document(user, title_checked(title), document_id or ids.new_id())
    change = DocumentChange(document, user)
    document.save(force_insert=True)
    try:
        with transaction.atomic():
            owner_grant(user=user, document_id=document.id)
            events.document_created.publish(change)
    except BaseException:
        _discard(change)
        raise
    return document


def creation_check(*, user: User) -> None:
    """Raise ``MayNotCreateError`` unless ``user`` may create (docs/system-flow.md, §2).

    Raises ``QuotaExceededError`` for a person whose share is used up.
    """
    if not accounts.may_create_documents(user=user):
        raise MayNotCreateError("You may not create documents. Ask an administrator.")
    storage_check(user_id=str(user.pk))
    documents_check(user_id=user.pk, count=documents_created_count(user_id=user.pk))


def document_creation_cancel(*, document: Document, user: User) -> None:
    """Delete a new document of ``user`` whose content could not be stored."""
    permissions_remove(document_id=document.id)
    _discard(DocumentChange(document, user))


def document_rename(*, user: User, document_id: str, title: str) -> Document:
    """Rename a document and return it.

    Raises ``NotAllowedError``, ``TitleTooLongError`` and as ``document_get`` does.
    """
    document, abilities = document_get(user=user, document_id=document_id)
    if not abilities.rename:
        raise NotAllowedError("You may not rename this document.")
    old_title, new_title = document.title, title_checked(title)
    now = clock.now()
    document_rows().update_one(
        {"_id": document.id},
        {
            "$set": {
                "title": new_title,
                "title_folded": title_key(new_title),
                "updated_at": datetime_text(now),
                **writers_set([Writer(str(user.pk), now)]),
            }
        },
    )
    document.reload()
    events.document_renamed.publish(DocumentChange(document, user, old_title))
    return document


def document_trash(*, user: User, document_id: str) -> Document:
    """Put a document into the trash: then only users who may untrash it see it."""
    document, abilities = document_get(user=user, document_id=document_id)
    if not abilities.trash:
        raise NotAllowedError("Only an owner may put this document into the trash.")
    document.update(set__trashed=True, set__trashed_at=clock.now())
    return _trash_changed(document, user, events.document_trashed)


def document_untrash(*, user: User, document_id: str) -> Document:
    """Take a document out of the trash; a document that is not in it is returned unchanged."""
    document, abilities = document_get(user=user, document_id=document_id, with_trashed=True)
    if not abilities.trash:
        raise NotAllowedError("Only an owner may restore this document.")
    if not document.trashed:
        return document
    document.update(set__trashed=False, unset__trashed_at=True)
    return _trash_changed(document, user, events.document_untrashed)


def document_history_set(*, user: User, document_id: str, changes: HistoryChanges) -> Document:
    """Store changed history settings, and return the document.

    The caller has validated the values. Raises ``NotAllowedError`` unless ``user`` is an owner,
    and as ``document_get`` does.
    """
    document, abilities = document_get(user=user, document_id=document_id)
    if not abilities.manage_owner:
        raise NotAllowedError("Only an owner may change what is kept of this document's history.")
    if changes:
        document.update(**{f"set__{name}": value for name, value in changes.items()})
        access_publish(document_id=document.id)
        document.reload()
    return document


def document_adopt(document: Document, *, owner: User) -> None:
    """Store the entity of an imported document, whose log and versions are stored already.

    Before, the document is invisible. Raises ``NotUniqueError`` when the id exists.
    """
    document.title_folded = title_key(document.title)
    document.owner_id = owner.pk
    document.unpublished = document.seq > 0
    with transaction.atomic():
        with contextlib.suppress(AlreadySharedError):  # granted by an import that was killed
            owner_grant(user=owner, document_id=document.id)
        document.save(force_insert=True)


def title_checked(text: str) -> str:
    """Return a title in its stored form. Raises ``TitleTooLongError``."""
    title = title_clean(text)
    limit = settings.DOCUMENT_TITLE_MAX_CHARS
    if len(title) > limit:
        raise TitleTooLongError(
            f"A title has at most {limit} characters.",
            extra={"limit": "DOCUMENT_TITLE_MAX_CHARS", "value": limit},
        )
    return title


def document_ensure_seeded(*, user: User, name: str, title: str) -> tuple[Document, bool]:
    """Return the document seeded under ``name``, and whether this call created it.

    A renamed or trashed one is found too.
    """
    document_id = str(uuid.uuid5(_SEED_NAMESPACE, name))
    found = Document.objects(id=document_id).first()
    if found is not None:
        return found, False
    try:
        return document_create(user=user, title=title, document_id=document_id), True
    except NotUniqueError:  # seeded by another process meanwhile
        return Document.objects.get(id=document_id), False


def _new_document(user: User, title: str, document_id: str) -> Document:
    now = clock.now()
    return Document(
        id=document_id,
        title=title,
        title_folded=title_key(title),
        owner_id=user.pk,
        created_at=now,
        updated_at=now,
        lineage=ids.new_id(),
        version_vector=EMPTY_VECTOR,
    )


def _discard(change: DocumentChange) -> None:
    """Undo a failed creation; on an error the rest stays invisible, and is logged."""
    try:
        change.document.delete()
        events.document_discarded.publish(change)
    except Exception:
        logger.exception("a failed creation left traces of document %s", change.document.id)


def _trash_changed(document: Document, user: User, event: Event[DocumentChange]) -> Document:
    document.reload()
    access_publish(document_id=document.id)
    event.publish(DocumentChange(document, user))
    return document
