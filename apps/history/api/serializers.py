"""The shapes of the versions' REST calls."""

from typing import Any

from rest_framework import serializers

from apps.accounts.api.serializers import AuthorSerializer, PersonSerializer


class VersionSerializer(serializers.Serializer[Any]):
    """A kept state of a document."""

    number = serializers.IntegerField()
    seq = serializers.IntegerField(help_text="The last operation that is in it.")
    name = serializers.CharField()
    automatic = serializers.BooleanField(help_text="False for one that somebody named.")
    created_at = serializers.DateTimeField()
    authors = AuthorSerializer(many=True)
    size = serializers.IntegerField(help_text="Length of the state, in bytes.")


class VersionNameSerializer(serializers.Serializer[Any]):
    """A name for a version."""

    name = serializers.CharField(allow_blank=True, default="")


class VersionCreateSerializer(VersionNameSerializer):
    """A name for a moment."""

    seq = serializers.IntegerField(
        min_value=0, required=False, help_text="After this operation; the present when left out."
    )


class VersionsQuerySerializer(serializers.Serializer[Any]):
    """Which part of the list."""

    before = serializers.IntegerField(
        min_value=1, required=False, help_text="Versions with a smaller number than this."
    )
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)
    named = serializers.BooleanField(default=False, help_text="Only those with a name.")


class ExportQuerySerializer(serializers.Serializer[Any]):
    """Which moment of a document, one of the two; without them it is the present."""

    version = serializers.IntegerField(min_value=1, required=False)
    seq = serializers.IntegerField(
        min_value=0, required=False, help_text="The last operation that is in it."
    )


class VersionsPageSerializer(serializers.Serializer[Any]):
    """A part of the list, the latest first; ``next`` is the address of the part after it."""

    results = VersionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class MomentQuerySerializer(serializers.Serializer[Any]):
    """Which moment."""

    seq = serializers.IntegerField(
        min_value=0, required=False, help_text="After this operation; the present when left out."
    )


class AuthoredPieceSerializer(serializers.Serializer[Any]):
    """Text that stands together and came with one operation."""

    text = serializers.CharField()
    author = AuthorSerializer()
    seq = serializers.IntegerField()
    received_at = serializers.DateTimeField()


class AuthorshipSerializer(serializers.Serializer[Any]):
    """Who wrote the text of a moment, in document order."""

    seq = serializers.IntegerField(help_text="The moment.")
    pieces = AuthoredPieceSerializer(many=True)
    deletions = serializers.CharField(help_text="The address of who deleted what.")


class DeletionsQuerySerializer(serializers.Serializer[Any]):
    """Which part of the list."""

    before = serializers.IntegerField(
        min_value=1, required=False, help_text="Operations with a smaller seq than this."
    )
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class DeletionSerializer(serializers.Serializer[Any]):
    """What one operation deleted; without text where that were elements or marks."""

    seq = serializers.IntegerField()
    author = AuthorSerializer(help_text="Who deleted it.")
    received_at = serializers.DateTimeField()
    pieces = AuthoredPieceSerializer(many=True, help_text="The words, and who had written them.")


class DeletionsPageSerializer(serializers.Serializer[Any]):
    """A part of the list, the latest first; ``next`` is the address of the part after it."""

    results = DeletionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class AfterQuerySerializer(serializers.Serializer[Any]):
    """What came after which operation."""

    after = serializers.IntegerField(min_value=0, default=0, help_text="The operation's seq.")


class ClientRunSerializer(serializers.Serializer[Any]):
    """Clocks of one client that one author brought within a short time."""

    client = serializers.IntegerField()
    first = serializers.IntegerField()
    end = serializers.IntegerField(help_text="The clock behind the last one.")
    author = serializers.IntegerField(help_text="Which one of `authors`.")
    received_at = serializers.DateTimeField(help_text="Of the last operation of the run.")


class ClientRunsSerializer(serializers.Serializer[Any]):
    """Who brought which clocks."""

    seq = serializers.IntegerField(help_text="The last operation that is taken in.")
    authors = PersonSerializer(many=True)
    runs = ClientRunSerializer(many=True)


class VersionAgainstSerializer(serializers.Serializer[Any]):
    """Which version to compare with."""

    against = serializers.IntegerField(
        min_value=1, required=False, help_text="The earlier version; the one before when left out."
    )


class MomentAgainstSerializer(serializers.Serializer[Any]):
    """Which moment to compare with."""

    against = serializers.IntegerField(
        min_value=0, required=False, help_text="The earlier seq; the one before when left out."
    )


class DiffNodeSerializer(serializers.Serializer[Any]):
    """An element, where it begins."""

    type = serializers.CharField()
    attributes = serializers.DictField()
    attributes_before = serializers.DictField(
        required=False, help_text="What they were, of one that stayed and changed."
    )


class DiffPieceSerializer(serializers.Serializer[Any]):
    """A piece of text, or an element where it begins; what follows deeper stands in it."""

    kind = serializers.ChoiceField(choices=["equal", "insert", "delete"])
    text = serializers.CharField(help_text="Empty for an element.")
    depth = serializers.IntegerField(help_text="How many elements it stands in.")
    author = PersonSerializer(
        allow_null=True, help_text="Who wrote it, or deleted it: the latest of its operations'."
    )
    seq = serializers.IntegerField(allow_null=True)
    received_at = serializers.DateTimeField(allow_null=True)
    marks = serializers.DictField(required=False)
    marks_before = serializers.DictField(
        required=False, help_text="What they were, of a text that stayed and changed its looks."
    )
    node = DiffNodeSerializer(required=False)
    part = serializers.CharField(
        required=False, help_text="Of what was deleted: its name for `restore/`."
    )


class DiffSerializer(serializers.Serializer[Any]):
    """What changed between two moments, in document order."""

    against = serializers.IntegerField(help_text="The seq of the earlier one.")
    seq = serializers.IntegerField(help_text="The seq of the later one.")
    changes = DiffPieceSerializer(many=True)


class KeepSerializer(serializers.Serializer[Any]):
    """Up to which age versions stay, in seconds; the three rise. One a week stays for ever."""

    all_s = serializers.IntegerField(min_value=0, help_text="Every automatic one.")
    hourly_s = serializers.IntegerField(min_value=0, help_text="The latest of each hour.")
    daily_s = serializers.IntegerField(min_value=0, help_text="The latest of each day.")


class HistorySettingsChangeSerializer(serializers.Serializer[Any]):
    """What is to be changed; null stands for the server's own setting."""

    viewers_may_look = serializers.BooleanField(required=False)
    compact_after_days = serializers.IntegerField(
        min_value=0,
        required=False,
        allow_null=True,
        help_text="After how many days the log may be compacted; 0 is never.",
    )
    keep = KeepSerializer(required=False, allow_null=True)


class HistoryInForceSerializer(serializers.Serializer[Any]):
    """What holds, with the server's own settings where the document has none."""

    compact_after_days = serializers.IntegerField()
    keep = KeepSerializer()


class HistorySettingsSerializer(serializers.Serializer[Any]):
    """What a document's owners say of its history."""

    viewers_may_look = serializers.BooleanField(
        help_text="Whether those with no other role than viewer may look at another moment than "
        "the present, and at who did what."
    )
    compact_after_days = serializers.IntegerField(allow_null=True)
    keep = KeepSerializer(allow_null=True)
    in_force = HistoryInForceSerializer()
