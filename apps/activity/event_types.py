"""The event types of the trail, with the ``detail`` of each. Pure."""

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


#: Events that only people with the right to share may read: they show the rights of others.
SHARING_EVENTS = frozenset({EventType.SHARED, EventType.ROLE_CHANGED, EventType.UNSHARED})
