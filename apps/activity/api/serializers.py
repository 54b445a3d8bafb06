"""Serializers of the activity and of the session groups."""

from typing import Any

from rest_framework import serializers

from apps.activity.event_types import EventType
from apps.core.api.fields import BoundedIntegerField


class ActorSerializer(serializers.Serializer[Any]):
    """The person who did it; for a deleted account, the name at that time and no id."""

    id = serializers.IntegerField(allow_null=True)
    username = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True, help_text="The name that others see.")


class ActivitySerializer(serializers.Serializer[Any]):
    """One event; ``kind`` is its type, which decides the keys of ``detail``."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=[event_type.value for event_type in EventType])
    actor = ActorSerializer()
    at = serializers.DateTimeField(
        help_text="Time of the event; for a writing session, of its last edit."
    )
    detail = serializers.DictField(
        help_text=(
            "created: title; edited: first_seq, last_seq, operations, began_at, and ongoing unless "
            "it has ended; shared and unshared: user or group, role; role_changed: also old_role; "
            "renamed: old_title, title; restored: number, seq, part, operation_seq; "
            "undid: author, after_seq, operation_seq; named: number, seq, name; "
            "exported: format, seq; attached and freed: file, name, size."
        )
    )
    subject_name = serializers.CharField(
        allow_null=True,
        help_text="The present name of the person that the event is about, if it is about one.",
    )


class ActivityQuerySerializer(serializers.Serializer[Any]):
    """Query of a page of the trail."""

    before = BoundedIntegerField(
        min_value=1, required=False, help_text="Only events before the event with this id."
    )
    limit = BoundedIntegerField(min_value=1, max_value=200, default=50)


class SessionGroupVersionSerializer(serializers.Serializer[Any]):
    """A named version."""

    number = serializers.IntegerField()
    seq = serializers.IntegerField(help_text="The last operation that the version includes.")
    name = serializers.CharField()
    created_at = serializers.DateTimeField()


class SessionGroupRestoreSerializer(serializers.Serializer[Any]):
    """A restore: operation ``operation_seq`` restored the state after operation ``seq``."""

    operation_seq = serializers.IntegerField()
    seq = serializers.IntegerField()
    number = serializers.IntegerField(
        allow_null=True, help_text="The restored version, if the state was a version."
    )
    part = serializers.BooleanField(help_text="Only a part of the state was restored.")
    at = serializers.DateTimeField()
    actor = ActorSerializer()


class CharacterCountsSerializer(serializers.Serializer[Any]):
    """Characters added and removed, in UTF-16 code units."""

    added = serializers.IntegerField()
    removed = serializers.IntegerField()


class SessionGroupSerializer(serializers.Serializer[Any]):
    """Overlapping writing sessions: a range of the log without a long pause."""

    first_seq = serializers.IntegerField()
    last_seq = serializers.IntegerField()
    operations = serializers.IntegerField()
    began_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()
    ongoing = serializers.BooleanField(help_text="An author has written in the last ten minutes.")
    authors = ActorSerializer(many=True, help_text="The author of the latest edit comes first.")
    versions = SessionGroupVersionSerializer(many=True)
    restores = SessionGroupRestoreSerializer(many=True)
    letters = CharacterCountsSerializer(
        allow_null=True,
        help_text=(
            "Null unless requested, and null for a group that begins before the first operation "
            "of a compacted log."
        ),
    )


class SessionGroupsQuerySerializer(serializers.Serializer[Any]):
    """Query of a page of session groups."""

    before = BoundedIntegerField(
        min_value=1, required=False, help_text="Only groups that ended before this operation."
    )
    limit = BoundedIntegerField(min_value=1, max_value=200, default=50)
    letters = serializers.BooleanField(
        default=False,
        help_text="Count the characters added and removed; may read the whole log, once.",
    )


class SessionGroupsPageSerializer(serializers.Serializer[Any]):
    """A page of session groups, the latest first; ``next`` is the address of the next page."""

    results = SessionGroupSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ActivityPageSerializer(serializers.Serializer[Any]):
    """A page of events, the latest first; ``next`` is the address of the next page."""

    results = ActivitySerializer(many=True)
    next = serializers.CharField(allow_null=True)
