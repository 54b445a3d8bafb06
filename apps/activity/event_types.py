"""What can be done to a document, as the trail names it, with the detail of each. Pure."""

from enum import StrEnum


class EventType(StrEnum):
    """A kind of deed; behind it what ``detail`` holds."""

    CREATED = "created"  #: title
    EDITED = "edited"  #: first_seq, last_seq, operations, began_at; ongoing while it goes on
    JOINED = "joined"
    SHARED = "shared"  #: user or group, role
    ROLE_CHANGED = "role_changed"  #: user or group, old_role, role
    UNSHARED = "unshared"  #: user or group, role
    RENAMED = "renamed"  #: old_title, title
    TRASHED = "trashed"
    UNTRASHED = "untrashed"  #: taken back out of the trash
    #: seq that it went back to; number of the version, or null; part: whether only a part did;
    #: operation_seq: of the edit that did it
    RESTORED = "restored"
    UNDID = "undid"  #: author whose work it was, after_seq: all that came after; operation_seq
    NAMED = "named"  #: number, seq, name: a version that was given a name


#: What only those may read who may share: it says who else has, or had, which right.
SHARING = frozenset({EventType.SHARED, EventType.ROLE_CHANGED, EventType.UNSHARED})
