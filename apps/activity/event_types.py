"""The event types of documents and accounts, with the ``detail`` of each. Pure."""

from enum import StrEnum


class EventType(StrEnum):
    """The type of an event, stored as ``kind``; the comments list the keys of ``detail``."""

    CREATED = "created"  #: title
    EDITED = "edited"  #: first_seq, last_seq, operations, began_at; ongoing unless it has ended
    JOINED = "joined"
    SHARED = "shared"  #: user or group, role
    ROLE_CHANGED = "role_changed"  #: user or group, old_role, role
    UNSHARED = "unshared"  #: user or group, role
    RENAMED = "renamed"  #: old_title, title
    TRASHED = "trashed"
    UNTRASHED = "untrashed"  #: moved out of the trash
    #: seq of the restored state; number of its version, or null; part: whether only a part was
    #: restored; operation_seq: of the edit that restored it
    RESTORED = "restored"
    UNDID = "undid"  #: author whose edits after after_seq were undone; operation_seq: of the undo
    NAMED = "named"  #: number, seq and name of a version that was given a name
    SESSIONS_CLOSED = "sessions_closed"  #: by an administrator
    EXPORTED = "exported"  #: format, seq
    ATTACHED = "attached"  #: file (its id), name, size of an upload
    FREED = "freed"  #: file, name, size; by the retention, so without an actor


class AccountEventType(StrEnum):
    """The type of an event of an account; the comments list the keys of ``detail``."""

    LOGGED_IN = "logged_in"  #: place: page, admin or api
    LOGIN_FAILED = "login_failed"  #: place
    LOGGED_OUT = "logged_out"  #: place
    #: A refresh token was used twice, which has ended all tokens of that login.
    TOKEN_REPLAYED = "token_replayed"  # noqa: S105 - not a password
    RIGHT_GRANTED = "right_granted"  #: user or group, role; of the whole workspace
    RIGHT_REVOKED = "right_revoked"  #: user or group, role


#: Events that only people with the right to share may read: they show the rights of others.
SHARING_EVENTS = frozenset({EventType.SHARED, EventType.ROLE_CHANGED, EventType.UNSHARED})
