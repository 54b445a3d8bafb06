"""Writes of *documents*: create, rename, trash, restore. Rights are checked here, once.

MongoDB and PostgreSQL share no transaction. So a creation writes the entity first, which nobody
can see without a permission, and takes it back when a later step fails.
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
from apps.core import clock, errors, ids
from apps.core.events import Event
from apps.documents import events
from apps.documents.events import DocumentChange
from apps.documents.models import Document
from apps.documents.selectors import document_get
from apps.documents.titles import title_clean, title_key

logger = logging.getLogger(__name__)

#: The seeded document's id is made of its name, so that seeding twice finds it.
_SEED_NAMESPACE = uuid.UUID("5c1a6f5e-6f0b-4f0c-9a52-0f5d7c2d8e11")


class MayNotCreateError(errors.ForbiddenError):
    """The user has no right to create documents (docs/system-flow.md, §2)."""

    code = "may_not_create"


class NotAllowedError(errors.ForbiddenError):
    """The user may see the document, and may not do this with it."""


class HistoryChanges(TypedDict, total=False):
    """What an owner may say of a document's history; the fields of ``Document`` by their names."""

    viewers_may_look: bool
    compact_after_days: int | None
    keep: dict[str, int] | None


class TitleTooLongError(errors.InvalidInputError):
    """The title is longer than ``DOCUMENT_TITLE_MAX_CHARS``."""

    code = "title_too_long"


def document_create(*, user: User, title: str = "", document_id: str | None = None) -> Document:
    """Create a document of ``user`` with its initial version (docs/system-flow.md, §2).

    All or nothing: when a step fails, what was made is taken back and the error goes on.
    Raises ``MayNotCreateError``, ``TitleTooLongError``.
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
    """Raise ``MayNotCreateError`` unless ``user`` may create (docs/system-flow.md, §2)."""
    if not accounts.may_create_documents(user=user):
        raise MayNotCreateError("You may not create documents. Ask an administrator.")


def document_creation_cancel(*, document: Document, user: User) -> None:
    """Take back a document of ``user`` that was created for content which was not stored."""
    permissions_remove(document_id=document.id)
    _discard(DocumentChange(document, user))


def document_rename(*, user: User, document_id: str, title: str) -> Document:
    """Give a document another title and return it. Raises ``NotAllowedError`` and as create."""
    document, abilities = document_get(user=user, document_id=document_id)
    if not abilities.rename:
        raise NotAllowedError("You may not rename this document.")
    old_title, new_title = document.title, title_checked(title)
    document.update(
        set__title=new_title, set__title_folded=title_key(new_title), set__updated_at=clock.now()
    )
    document.reload()
    events.document_renamed.publish(DocumentChange(document, user, old_title))
    return document


def document_trash(*, user: User, document_id: str) -> Document:
    """Put a document into the trash: only who may restore it sees it from now on."""
    document, abilities = document_get(user=user, document_id=document_id)
    if not abilities.trash:
        raise NotAllowedError("Only an owner may put this document into the trash.")
    document.update(set__trashed=True, set__trashed_at=clock.now())
    return _trash_changed(document, user, events.document_trashed)


def document_untrash(*, user: User, document_id: str) -> Document:
    """Take a document out of the trash; one that is not in it stays as it is."""
    document, abilities = document_get(user=user, document_id=document_id, with_trashed=True)
    if not abilities.trash:
        raise NotAllowedError("Only an owner may restore this document.")
    if not document.trashed:
        return document
    document.update(set__trashed=False, unset__trashed_at=True)
    return _trash_changed(document, user, events.document_untrashed)


def document_history_set(*, user: User, document_id: str, changes: HistoryChanges) -> Document:
    """Say anew of a document's history what ``changes`` names, and return the document.

    The caller has checked the values. Raises ``NotAllowedError`` for who does not own it, and as
    ``document_get``.
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
    """Store the entity of a document whose log and versions are there already: an import.

    Nobody sees any of it before. Raises ``NotUniqueError`` when there is one of this id.
    """
    document.title_folded = title_key(document.title)
    document.owner_id = owner.pk
    document.unpublished = document.seq > 0
    with transaction.atomic():
        with contextlib.suppress(AlreadySharedError):  # by an import that was killed
            owner_grant(user=owner, document_id=document.id)
        document.save(force_insert=True)


def title_checked(text: str) -> str:
    """Return a title as it is stored. Raises ``TitleTooLongError``."""
    title = title_clean(text)
    limit = settings.DOCUMENT_TITLE_MAX_CHARS
    if len(title) > limit:
        raise TitleTooLongError(
            f"A title has at most {limit} characters.",
            extra={"limit": "DOCUMENT_TITLE_MAX_CHARS", "value": limit},
        )
    return title


def document_ensure_seeded(*, user: User, name: str, title: str) -> tuple[Document, bool]:
    """Return the document seeded under ``name`` and whether it was created now.

    Found again whatever became of its title or its place in the trash.
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
    )


def _discard(change: DocumentChange) -> None:
    """Take back a failed creation; what cannot be taken back stays invisible, and is logged."""
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
