"""Records events of lower apps in the activity (docs/architecture.md, Layers)."""

import logging
from typing import Any

from apps.accounts import events as accounts
from apps.accounts.events import PermissionChange
from apps.accounts.selectors import authors_named
from apps.activity.event_types import EventType
from apps.activity.join_recorder import JoinRecorder
from apps.activity.services import activity_note, activity_record
from apps.collab import events as collab
from apps.collab.events import SessionJoined
from apps.documents import events as documents
from apps.documents.events import DocumentChange
from apps.edits import events as edits
from apps.edits.events import AuthorUndone, DocumentRestored
from apps.history import events as history
from apps.history.events import NamedVersion

logger = logging.getLogger(__name__)

_joins = JoinRecorder()


def subscribe() -> None:
    """Hear of creations, renames, the trash, sharing, versions, and of who comes."""
    documents.document_created.subscribe(on_created)
    documents.document_renamed.subscribe(on_renamed)
    documents.document_trashed.subscribe(on_trashed)
    documents.document_untrashed.subscribe(on_untrashed)
    accounts.permission_granted.subscribe(on_granted)
    accounts.permission_changed.subscribe(on_role_changed)
    accounts.permission_revoked.subscribe(on_revoked)
    collab.session_joined.subscribe(on_joined)
    edits.document_restored.subscribe(on_taken_back)
    edits.author_undone.subscribe(on_undone)
    history.version_named.subscribe(on_named)


# --- deeds in PostgreSQL: recorded in their transaction ------------------------------------------


def on_created(change: DocumentChange) -> None:
    """Record a creation with its first owner."""
    activity_record(
        document_id=change.document.id,
        actor_id=change.user.pk,
        kind=EventType.CREATED,
        detail={"title": change.document.title},
    )


def on_granted(change: PermissionChange) -> None:
    """Record that somebody was given a role."""
    _record_sharing(change, EventType.SHARED, role=change.permission.role)


def on_role_changed(change: PermissionChange) -> None:
    """Record that somebody was given another role."""
    roles = {"old_role": change.old_role, "role": change.permission.role}
    _record_sharing(change, EventType.ROLE_CHANGED, **roles)


def on_revoked(change: PermissionChange) -> None:
    """Record that somebody has a role no more."""
    _record_sharing(change, EventType.UNSHARED, role=change.permission.role)


def _record_sharing(change: PermissionChange, kind: EventType, **roles: Any) -> None:
    permission = change.permission
    if not permission.document_id:  # the right to create documents: of no document's trail
        return
    user, group = permission.user, permission.group
    subject = {"user": user.username} if user else {"group": group.name if group else ""}
    activity_record(
        document_id=permission.document_id,
        actor_id=change.actor.pk,
        kind=kind,
        detail=subject | roles,
    )


# --- deeds elsewhere: noted once they are done ---------------------------------------------------


def on_renamed(change: DocumentChange) -> None:
    """Note another title."""
    title = change.document.title
    if title != change.old_title:
        _note(change, EventType.RENAMED, {"old_title": change.old_title, "title": title})


def on_trashed(change: DocumentChange) -> None:
    """Note that it was put into the trash."""
    _note(change, EventType.TRASHED)


def on_untrashed(change: DocumentChange) -> None:
    """Note that it was taken back out."""
    _note(change, EventType.UNTRASHED)


def _note(change: DocumentChange, kind: EventType, detail: dict[str, Any] | None = None) -> None:
    activity_note(document_id=change.document.id, actor_id=change.user.pk, kind=kind, detail=detail)


def on_taken_back(taken: DocumentRestored) -> None:
    """Note that it went back to a version or a moment."""
    activity_note(
        document_id=taken.document_id,
        actor_id=int(taken.user_id),
        kind=EventType.RESTORED,
        detail={
            "number": taken.number,
            "seq": taken.seq,
            "part": taken.is_part,
            "operation_seq": taken.operation_seq,
        },
    )


def on_undone(undone: AuthorUndone) -> None:
    """Note that somebody's work was taken back."""
    author = authors_named([undone.author_id])[undone.author_id]
    activity_note(
        document_id=undone.document_id,
        actor_id=int(undone.user_id),
        kind=EventType.UNDID,
        detail={
            "author": author,
            "after_seq": undone.after_seq,
            "operation_seq": undone.operation_seq,
        },
    )


def on_named(named: NamedVersion) -> None:
    """Note that a version was given a name."""
    activity_note(
        document_id=named.document_id,
        actor_id=int(named.user_id),
        kind=EventType.NAMED,
        detail={"number": named.number, "seq": named.seq, "name": named.name},
    )


def on_joined(joined: SessionJoined) -> None:
    """Have it recorded beside the way in that somebody came."""
    try:
        _joins.note(document_id=joined.document_id, user_id=int(joined.user_id))
    except Exception:
        logger.exception("a join of %s is not recorded", joined.document_id)
