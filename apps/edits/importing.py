"""Import of content, as a new document or as an edit, and copies (docs/system-flow.md, §7).

Content goes through the document's room, as all edits do.
"""

from collections.abc import Mapping
from pathlib import PurePath

from django.conf import settings

from apps.accounts.models import User
from apps.attachments.selectors import file_ids_in
from apps.attachments.services import attachments_copy, pictures_attach
from apps.attachments.uploads import CheckedUpload
from apps.collab.limits import Limits
from apps.collab.services import Submitted, operation_submit
from apps.core import ids
from apps.core.errors import ForbiddenError, LimitExceededError
from apps.crdt.codec.update_reader import read_update
from apps.crdt.content.conversion import (
    ConvertedContent,
    content_convert,
    content_convert_into,
    content_copy,
)
from apps.documents.models import Document
from apps.documents.selectors import document_get
from apps.documents.services import creation_check, document_create, document_creation_cancel
from apps.documents.titles import title_clean
from apps.edits.import_sources import ImportSourceError, Source
from apps.edits.imported_file import file_convert, file_read
from apps.history.conversions import conversion_run
from apps.history.states import present_state
from apps.office.conversion import office_convert, office_convert_into


class DuplicateTooLargeError(LimitExceededError):
    """The content of a document is too large for the one edit that makes a duplicate."""

    code = "duplicate_too_large"


def document_import(*, user: User, source: Source, title: str = "") -> Document:
    """Create a document of ``user`` with this content, all or nothing.

    Its title is ``title``, else what the text declares, else its leading first-level heading, else
    the file's name. A heading that says the title does not stand in the content too. Raises as
    ``document_create``, ``conversion_run``, ``content_read`` and ``operation_submit`` do.
    """
    creation_check(user=user)
    titles = {"title": title, "title_max_chars": settings.DOCUMENT_TITLE_MAX_CHARS}
    pictures: dict[str, CheckedUpload] = {}
    if source.is_office:
        file = file_read(source)
        content, pictures = file_convert(
            file,
            lambda ids: conversion_run(office_convert, file.html, picture_ids=ids, **titles),
            user=user,
        )
    else:
        content = conversion_run(content_convert, source.content, source.kind, **titles)
    name = title or _shortened(content.title or PurePath(source.file_name).stem)
    return document_create_with(content, user=user, title=name, pictures=pictures)


def document_duplicate(*, user: User, document_id: str, title: str = "") -> Document:
    """Create a document of ``user`` with the present content of another one, all or nothing.

    It has a log of its own, whose first operation is the content, and is shared with nobody. Its
    title is ``title``, else "Copy of" the other's. Raises ``DocumentNotFoundError``,
    ``DuplicateTooLargeError`` before anything is created, and as ``document_create``,
    ``present_state``, ``conversion_run``, ``content_copy`` and ``operation_submit`` do.
    """
    document, _ = document_get(user=user, document_id=document_id)
    creation_check(user=user)
    content = _copied(present_state(document_id=document_id).state)
    name = title or _shortened(f"Copy of {document.title}")
    return document_create_with(content, user=user, title=name, files_of=document_id)


def _copied(state: bytes) -> ConvertedContent:
    """Return the content of a document as a new one. Raises ``DuplicateTooLargeError``."""
    limits = Limits(**settings.COLLAB_LIMITS)
    try:
        content = conversion_run(content_copy, state)
        if content.update is not None:
            limits.check_update(content.update)
            limits.check_header(read_update(content.update))
    except LimitExceededError as err:
        raise DuplicateTooLargeError(
            "This document is too large to be duplicated in one step. Create a new document and "
            "copy the content into it part by part.",
            extra=err.extra,
        ) from err
    return content


def document_create_with(
    content: ConvertedContent,
    *,
    user: User,
    title: str,
    files_of: str | None = None,
    pictures: Mapping[str, CheckedUpload] | None = None,
) -> Document:
    """Create a document of ``user`` with this content, all or nothing.

    ``files_of`` is the document whose files the content refers to, and ``pictures`` are stored
    ones: the new one gets them. Raises as ``document_create``, ``pictures_attach`` and
    ``operation_submit`` do.
    """
    document = document_create(user=user, title=title)
    if content.update is None:
        return document
    try:
        if files_of is not None:
            attachments_copy(
                source_id=files_of,
                document_id=document.id,
                file_ids=file_ids_in(content.update),
                user=user,
            )
        pictures_attach(user=user, document_id=document.id, pictures=(pictures or {}).values())
        operation_submit(
            document_id=document.id,
            lineage=document.lineage,
            author_id=str(user.pk),
            unique_id=ids.new_id(),
            update=content.update,
            version_vector=content.version_vector,
        )
    except BaseException:
        document_creation_cancel(document=document, user=user)
        raise
    document.reload()
    return document


def content_insert(
    *, user: User, document_id: str, source: Source, unique_id: str, at_start: bool = False
) -> Submitted:
    """Append or prepend content to that of a document, as one edit of ``user``.

    A repeated ``unique_id`` changes nothing. Raises ``DocumentNotFoundError``,
    ``ForbiddenError``, ``ImportSourceError`` for empty content, and as
    ``conversion_run``, ``content_read`` and ``operation_submit`` do.
    """
    document, abilities = document_get(user=user, document_id=document_id)
    if not abilities.write:
        raise ForbiddenError("You may read this document, not write in it.")
    update = _insertion(source, user=user, document_id=document_id, at_start=at_start)
    if update is None:
        raise ImportSourceError("There is nothing in it.")
    return operation_submit(
        document_id=document_id,
        lineage=document.lineage,
        author_id=str(user.pk),
        unique_id=unique_id,
        update=update,
    )


def _insertion(source: Source, *, user: User, document_id: str, at_start: bool) -> bytes | None:
    """Return the update that inserts content, whose pictures the document has by then."""
    if not source.is_office:
        state = present_state(document_id=document_id).state
        return conversion_run(
            content_convert_into, state, source.content, source.kind, at_start=at_start
        )
    file = file_read(source)
    state = present_state(document_id=document_id).state

    def convert(picture_ids: set[str]) -> bytes | None:
        return conversion_run(
            office_convert_into, state, file.html, picture_ids=picture_ids, at_start=at_start
        )

    update, pictures = file_convert(file, convert, user=user)
    pictures_attach(user=user, document_id=document_id, pictures=pictures.values())
    return update


def _shortened(title: str) -> str:
    return title_clean(title)[: settings.DOCUMENT_TITLE_MAX_CHARS].rstrip()
