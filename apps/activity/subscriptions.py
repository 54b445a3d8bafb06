"""Records the events of lower apps in the trail (docs/architecture.md, Layers)."""

import logging
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from apps.accounts import events as accounts
from apps.accounts.events import PermissionChange
from apps.accounts.models import User
from apps.accounts.selectors import authors_named
from apps.activity.account_events import account_event_record
from apps.activity.event_types import AccountEventType, EventType
from apps.activity.join_recorder import JoinRecorder
from apps.activity.services import (
    READ_RECORD_INTERVAL,
    activity_record,
    activity_record_best_effort,
)
from apps.attachments import events as attachments
from apps.attachments.events import AttachmentChange
from apps.collab import events as collab
from apps.collab.events import SessionJoined, SessionsClosed
from apps.documents import events as documents
from apps.documents.events import DocumentChange
from apps.edits import events as edits
from apps.edits.events import AuthorUndone, DocumentRestored
from apps.history import events as history
from apps.history.events import DocumentExported, NamedVersion

logger = logging.getLogger(__name__)

_joins = JoinRecorder()


def subscribe() -> None:
    """Subscribe to the events that the trail records."""
    documents.document_created.subscribe(on_created)
    documents.document_renamed.subscribe(on_renamed)
    documents.document_trashed.subscribe(on_trashed)
    documents.document_untrashed.subscribe(on_untrashed)
    accounts.permission_granted.subscribe(on_granted)
    accounts.permission_changed.subscribe(on_role_changed)
    accounts.permission_revoked.subscribe(on_revoked)
    collab.session_joined.subscribe(on_joined)
    collab.sessions_closed.subscribe(on_sessions_closed)
    edits.document_restored.subscribe(on_restored)
    edits.author_undone.subscribe(on_undone)
    history.version_named.subscribe(on_named)
    history.document_exported.subscribe(on_exported)
    attachments.attachment_added.subscribe(on_attached)
    attachments.attachment_freed.subscribe(on_freed)
    accounts.token_replayed.subscribe(on_token_replayed)
    user_logged_in.connect(on_logged_in)
    user_login_failed.connect(on_login_failed)
    user_logged_out.connect(on_logged_out)


# --- changes in PostgreSQL: recorded in their transaction ----------------------------------------


def on_created(change: DocumentChange) -> None:
    """Record a creation, with the title."""
    activity_record(
        document_id=change.document.id,
        actor_id=change.user.pk,
        event_type=EventType.CREATED,
        detail={"title": change.document.title},
    )


def on_granted(change: PermissionChange) -> None:
    """Record that a role was granted."""
    _record_sharing(change, EventType.SHARED, role=change.permission.role)
    _record_workspace_right(change, AccountEventType.RIGHT_GRANTED)


def on_role_changed(change: PermissionChange) -> None:
    """Record that a role was changed."""
    roles = {"old_role": change.old_role, "role": change.permission.role}
    _record_sharing(change, EventType.ROLE_CHANGED, **roles)


def on_revoked(change: PermissionChange) -> None:
    """Record that a role was revoked."""
    _record_sharing(change, EventType.UNSHARED, role=change.permission.role)
    _record_workspace_right(change, AccountEventType.RIGHT_REVOKED)


def on_sessions_closed(closed: SessionsClosed) -> None:
    """Record that an administrator closed the sessions of a document."""
    activity_record(
        document_id=closed.document_id,
        actor_id=closed.actor_id,
        event_type=EventType.SESSIONS_CLOSED,
    )


def _record_sharing(change: PermissionChange, event_type: EventType, **roles: Any) -> None:
    permission = change.permission
    if not permission.document_id:  # the right to create documents belongs to no document
        return
    activity_record(
        document_id=permission.document_id,
        actor_id=change.actor.pk,
        event_type=event_type,
        detail=_subject(change) | roles,
    )


def _record_workspace_right(change: PermissionChange, event_type: AccountEventType) -> None:
    if change.permission.document_id:
        return
    detail = _subject(change) | {"role": change.permission.role}
    account_event_record(event_type=event_type, user=change.actor, detail=detail)


def _subject(change: PermissionChange) -> dict[str, Any]:
    user, group = change.permission.user, change.permission.group
    return {"user": user.username} if user else {"group": group.name if group else ""}


# --- accounts: best effort, so that nobody is kept out by it -------------------------------------


def on_logged_in(*, request: HttpRequest | None, user: User, **_: Any) -> None:
    """Record a login."""
    account_event_record(event_type=AccountEventType.LOGGED_IN, user=user, request=request)


def on_login_failed(
    *, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    """Record a login with a wrong name or password."""
    username = str(credentials.get("username") or "").replace("\x00", "")
    account_event_record(
        event_type=AccountEventType.LOGIN_FAILED,
        user=User.objects.filter(username=username).first(),
        request=request,
    )


def on_logged_out(*, request: HttpRequest | None, user: User | None, **_: Any) -> None:
    """Record a logout; one without a session is none."""
    if user is not None:
        account_event_record(event_type=AccountEventType.LOGGED_OUT, user=user, request=request)


def on_token_replayed(user_id: int) -> None:
    """Record that a used refresh token was used again."""
    user = User.objects.filter(pk=user_id).first()
    account_event_record(event_type=AccountEventType.TOKEN_REPLAYED, user=user)


# --- changes stored elsewhere: recorded after them, best effort ----------------------------------


def on_renamed(change: DocumentChange) -> None:
    """Record a new title."""
    title = change.document.title
    if title != change.old_title:
        _record_document_change(
            change, EventType.RENAMED, {"old_title": change.old_title, "title": title}
        )


def on_trashed(change: DocumentChange) -> None:
    """Record that a document was moved to the trash."""
    _record_document_change(change, EventType.TRASHED)


def on_untrashed(change: DocumentChange) -> None:
    """Record that a document was moved out of the trash."""
    _record_document_change(change, EventType.UNTRASHED)


def _record_document_change(
    change: DocumentChange, event_type: EventType, detail: dict[str, Any] | None = None
) -> None:
    activity_record_best_effort(
        document_id=change.document.id,
        actor_id=change.user.pk,
        event_type=event_type,
        detail=detail,
    )


def on_restored(restored: DocumentRestored) -> None:
    """Record that a document was restored to an earlier state."""
    activity_record_best_effort(
        document_id=restored.document_id,
        actor_id=int(restored.user_id),
        event_type=EventType.RESTORED,
        detail={
            "number": restored.number,
            "seq": restored.seq,
            "part": restored.is_part,
            "operation_seq": restored.operation_seq,
        },
    )


def on_undone(undone: AuthorUndone) -> None:
    """Record that the edits of an author were undone."""
    author = authors_named([undone.author_id])[undone.author_id]
    activity_record_best_effort(
        document_id=undone.document_id,
        actor_id=int(undone.user_id),
        event_type=EventType.UNDID,
        detail={
            "author": author,
            "after_seq": undone.after_seq,
            "operation_seq": undone.operation_seq,
        },
    )


def on_named(named: NamedVersion) -> None:
    """Record that a version was given a name."""
    activity_record_best_effort(
        document_id=named.document_id,
        actor_id=int(named.user_id),
        event_type=EventType.NAMED,
        detail={"number": named.number, "seq": named.seq, "name": named.name},
    )


def on_exported(exported: DocumentExported) -> None:
    """Record an export; a program that exports again and again is recorded once in a while."""
    activity_record_best_effort(
        document_id=exported.document_id,
        actor_id=exported.user_id,
        event_type=EventType.EXPORTED,
        detail={"format": exported.kind, "seq": exported.seq},
        interval=READ_RECORD_INTERVAL,
    )


def on_attached(change: AttachmentChange) -> None:
    """Record an upload."""
    _record_file(change, EventType.ATTACHED)


def on_freed(change: AttachmentChange) -> None:
    """Record that the retention freed a file."""
    _record_file(change, EventType.FREED)


def _record_file(change: AttachmentChange, event_type: EventType) -> None:
    activity_record_best_effort(
        document_id=change.document_id,
        actor_id=change.user_id,
        event_type=event_type,
        detail={"file": change.file_id, "name": change.name, "size": change.size},
    )


def on_joined(joined: SessionJoined) -> None:
    """Queue the join of a person; recording it must not delay or fail the join."""
    try:
        _joins.enqueue(document_id=joined.document_id, user_id=int(joined.user_id))
    except Exception:
        logger.exception("a join of %s is not recorded", joined.document_id)
