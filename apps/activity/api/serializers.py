"""The shapes of the activity's REST call."""

from typing import Any

from rest_framework import serializers

from apps.activity.event_types import EventType


class ActorSerializer(serializers.Serializer[Any]):
    """Who did it; of a deleted account the name at that time, and no id."""

    id = serializers.IntegerField(allow_null=True)
    username = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True, help_text="The name that others see.")


class ActivitySerializer(serializers.Serializer[Any]):
    """One deed; ``detail`` is of its kind."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in EventType])
    actor = ActorSerializer()
    at = serializers.DateTimeField(help_text="When; of a session of writing, its last edit.")
    detail = serializers.DictField(
        help_text=(
            "created: title; edited: first_seq, last_seq, operations, began_at, and ongoing while "
            "it goes on; shared and unshared: user or group, role; role_changed: also old_role; "
            "renamed: old_title, title; restored: number, seq, part, operation_seq; "
            "undid: author, after_seq, operation_seq; named: number, seq, name."
        )
    )


class ActivityQuerySerializer(serializers.Serializer[Any]):
    """Which part of the trail."""

    before = serializers.IntegerField(
        min_value=1, required=False, help_text="What was done before the deed with this id."
    )
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class SittingVersionSerializer(serializers.Serializer[Any]):
    """A version that was given a name."""

    number = serializers.IntegerField()
    seq = serializers.IntegerField(help_text="The last operation that is in it.")
    name = serializers.CharField()
    created_at = serializers.DateTimeField()


class SittingRestoreSerializer(serializers.Serializer[Any]):
    """A way back: operation ``operation_seq`` made the document what it was after ``seq``."""

    operation_seq = serializers.IntegerField()
    seq = serializers.IntegerField()
    number = serializers.IntegerField(allow_null=True, help_text="Of the version, if it was one.")
    part = serializers.BooleanField(help_text="Only a part of it came back.")
    at = serializers.DateTimeField()
    actor = ActorSerializer()


class SittingLettersSerializer(serializers.Serializer[Any]):
    """How much was written, in UTF-16 units."""

    added = serializers.IntegerField()
    removed = serializers.IntegerField()


class SittingSerializer(serializers.Serializer[Any]):
    """A stretch of the log in which some people wrote without a long pause."""

    first_seq = serializers.IntegerField()
    last_seq = serializers.IntegerField()
    operations = serializers.IntegerField()
    began_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()
    ongoing = serializers.BooleanField(help_text="Somebody has written in the last ten minutes.")
    authors = ActorSerializer(many=True, help_text="Who wrote last comes first.")
    versions = SittingVersionSerializer(many=True)
    restores = SittingRestoreSerializer(many=True)
    letters = SittingLettersSerializer(
        allow_null=True,
        help_text="Null where they were not asked for, or are before a compacted log's beginning.",
    )


class SittingsQuerySerializer(serializers.Serializer[Any]):
    """Which part of the list."""

    before = serializers.IntegerField(
        min_value=1, required=False, help_text="Those that ended before this operation."
    )
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)
    letters = serializers.BooleanField(
        default=False,
        help_text="Count the letters that came and went; may read the whole log, once.",
    )


class SittingsPageSerializer(serializers.Serializer[Any]):
    """A part of the list, the latest first; ``next`` is the address of the part after it."""

    results = SittingSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ActivityPageSerializer(serializers.Serializer[Any]):
    """A part of the trail, the latest first; ``next`` is the address of the part after it."""

    results = ActivitySerializer(many=True)
    next = serializers.CharField(allow_null=True)
