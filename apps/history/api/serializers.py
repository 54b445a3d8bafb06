"""Serializers of versions, authorship, deletions, diffs and history settings."""

from typing import Any

from rest_framework import serializers

from apps.accounts.api.serializers import AuthorSerializer, PersonSerializer
from apps.core.api.fields import BoundedIntegerField


class VersionSerializer(serializers.Serializer[Any]):
    """A version of a document."""

    number = serializers.IntegerField()
    seq = serializers.IntegerField(help_text="The last operation in it.")
    name = serializers.CharField()
    automatic = serializers.BooleanField(help_text="False for a named version.")
    created_at = serializers.DateTimeField()
    authors = AuthorSerializer(many=True)
    size = serializers.IntegerField(help_text="Length of the state, in bytes.")


class VersionNameSerializer(serializers.Serializer[Any]):
    """A name for a version."""

    name = serializers.CharField(allow_blank=True, default="")


class VersionCreateSerializer(VersionNameSerializer):
    """A name for a state of the document."""

    seq = BoundedIntegerField(
        required=False,
        help_text="After this operation; the present if omitted.",
    )


class VersionsQuerySerializer(serializers.Serializer[Any]):
    """The requested part of the list."""

    before = BoundedIntegerField(
        min_value=1, required=False, help_text="Versions with a smaller number than this."
    )
    limit = BoundedIntegerField(min_value=1, max_value=200, default=50)
    named = serializers.BooleanField(default=False, help_text="Only those with a name.")


class ExportQuerySerializer(serializers.Serializer[Any]):
    """The requested state: of a version or of a seq, else the present."""

    version = BoundedIntegerField(min_value=1, required=False)
    seq = BoundedIntegerField(required=False, help_text="The last operation in it.")
    pictures = serializers.BooleanField(
        required=False, help_text="HTML and Markdown have the pictures themselves, not addresses."
    )


class VersionsPageSerializer(serializers.Serializer[Any]):
    """A part of the list, the latest first; ``next`` is the address of the part after it."""

    results = VersionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class MomentQuerySerializer(serializers.Serializer[Any]):
    """The requested state."""

    seq = BoundedIntegerField(
        required=False,
        help_text="After this operation; the present if omitted.",
    )


class AuthoredPieceSerializer(serializers.Serializer[Any]):
    """A piece of text that one operation inserted."""

    text = serializers.CharField()
    author = AuthorSerializer()
    seq = serializers.IntegerField()
    received_at = serializers.DateTimeField()


class AuthorshipSerializer(serializers.Serializer[Any]):
    """The authors of the text of a state, in document order."""

    seq = serializers.IntegerField(help_text="The seq of the state.")
    pieces = AuthoredPieceSerializer(many=True)
    deletions = serializers.CharField(help_text="The address of the deletions.")


class DeletionsQuerySerializer(serializers.Serializer[Any]):
    """The requested part of the list."""

    before = BoundedIntegerField(
        min_value=1, required=False, help_text="Operations with a smaller seq than this."
    )
    limit = BoundedIntegerField(min_value=1, max_value=200, default=50)
    lost = serializers.BooleanField(
        default=False, help_text="Only operations that wrote into what somebody else had deleted."
    )


class BroughtBackSerializer(serializers.Serializer[Any]):
    """An operation that inserted content again which was deleted."""

    author = PersonSerializer()
    seq = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    moved = serializers.BooleanField(
        help_text="Whether it deleted the content itself, at another place."
    )


class DeletedPieceSerializer(AuthoredPieceSerializer):
    """Deleted text, with its author, and who inserted it again first."""

    brought_back = BroughtBackSerializer(
        required=False, help_text="Of text that an undo, a move or a paste has inserted again."
    )


class BringBackSerializer(serializers.Serializer[Any]):
    """What `at/{seq}/restore/` needs to restore a part."""

    part = serializers.CharField(help_text="The name of the part.")
    seq = serializers.IntegerField(help_text="A state in which its place stands.")


class DeletionSerializer(serializers.Serializer[Any]):
    """The text that one operation deleted; none where it deleted only elements or marks."""

    seq = serializers.IntegerField()
    author = AuthorSerializer(help_text="The user who deleted it.")
    received_at = serializers.DateTimeField()
    pieces = DeletedPieceSerializer(many=True, help_text="The text, with its authors.")
    written_into_deleted = DeletedPieceSerializer(
        many=True,
        help_text="The text that it wrote into what somebody else had deleted: nobody saw it.",
    )
    bring_back = BringBackSerializer(
        allow_null=True,
        help_text="How that text comes back at its place; null where the place is not known.",
    )


class DeletionsPageSerializer(serializers.Serializer[Any]):
    """A part of the list, the latest first; ``next`` is the address of the part after it."""

    results = DeletionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class IdSerializer(serializers.Serializer[Any]):
    """The id of one character."""

    client = serializers.IntegerField()
    clock = serializers.IntegerField()


class IdRangeSerializer(IdSerializer):
    """The ids of characters that stand: so many of one client, from a clock on."""

    length = serializers.IntegerField()


class ConflictTextSerializer(serializers.Serializer[Any]):
    """Text that was erased and stands again."""

    text = serializers.CharField()
    ids = IdRangeSerializer()


class MisplacedTextSerializer(ConflictTextSerializer):
    """Text that stands where its neighbours were."""

    after = IdSerializer(help_text="The character that it belongs behind.")


class DoubledTextSerializer(serializers.Serializer[Any]):
    """Text that stands twice."""

    text = serializers.CharField()
    one = IdRangeSerializer()
    other = IdRangeSerializer()


class ConflictOperationSerializer(serializers.Serializer[Any]):
    """One of the two operations of a conflict."""

    seq = serializers.IntegerField()
    author = PersonSerializer()
    received_at = serializers.DateTimeField()


class MoveConflictSerializer(ConflictOperationSerializer):
    """What two operations at one time did to text that one of them moved: the later, the other."""

    other = ConflictOperationSerializer()
    doubled = DoubledTextSerializer(many=True)
    misplaced = MisplacedTextSerializer(many=True)
    returned = ConflictTextSerializer(many=True)


class MoveConflictsSerializer(serializers.Serializer[Any]):
    """The conflicts that still stand, the latest first; at most 1,000 parts of text."""

    results = MoveConflictSerializer(many=True)


class AfterQuerySerializer(serializers.Serializer[Any]):
    """The operation after which the list starts."""

    after = BoundedIntegerField(default=0, help_text="The operation's seq.")


class ClientRunSerializer(serializers.Serializer[Any]):
    """An id range of one client that one author inserted within a short time."""

    client = serializers.IntegerField()
    first = serializers.IntegerField()
    end = serializers.IntegerField(help_text="The clock after the last one.")
    author = serializers.IntegerField(help_text="The id of one of `authors`.")
    received_at = serializers.DateTimeField(help_text="Of the last operation of the range.")


class ClientRunsSerializer(serializers.Serializer[Any]):
    """The authors of id ranges."""

    seq = serializers.IntegerField(help_text="The last operation that is included.")
    authors = PersonSerializer(many=True)
    runs = ClientRunSerializer(many=True)


class VersionAgainstSerializer(serializers.Serializer[Any]):
    """The version to compare with."""

    against = BoundedIntegerField(
        min_value=1, required=False, help_text="The earlier version; the one before if omitted."
    )


class MomentAgainstSerializer(serializers.Serializer[Any]):
    """The seq to compare with."""

    against = BoundedIntegerField(
        required=False, help_text="The earlier seq; the one before if omitted."
    )


class DiffNodeSerializer(serializers.Serializer[Any]):
    """The start of an element."""

    type = serializers.CharField()
    attributes = serializers.DictField()
    attributes_before = serializers.DictField(
        required=False, help_text="The attributes before, of an element that stayed and changed."
    )


class DiffPieceSerializer(serializers.Serializer[Any]):
    """A segment of text, or the start of an element, which has the deeper segments after it."""

    kind = serializers.ChoiceField(choices=["equal", "insert", "delete"])
    text = serializers.CharField(help_text="Empty for an element.")
    depth = serializers.IntegerField(help_text="The number of elements around it.")
    author = PersonSerializer(
        allow_null=True,
        help_text="The author of the latest operation that wrote it first, or deleted it.",
    )
    seq = serializers.IntegerField(allow_null=True)
    received_at = serializers.DateTimeField(allow_null=True)
    brought_back = BroughtBackSerializer(
        required=False,
        help_text="Of inserted content that another operation wrote first: the latest one. "
        "Of deleted content: the first one.",
    )
    marks = serializers.DictField(required=False)
    marks_before = serializers.DictField(
        required=False, help_text="The marks before, of text that stayed and changed them."
    )
    node = DiffNodeSerializer(required=False)
    part = serializers.CharField(
        required=False, help_text="The name of deleted content, for `restore/`."
    )


class DiffSerializer(serializers.Serializer[Any]):
    """The changes between two states, in document order."""

    against = serializers.IntegerField(help_text="The seq of the earlier state.")
    seq = serializers.IntegerField(help_text="The seq of the later state.")
    changes = DiffPieceSerializer(many=True)


class KeepSerializer(serializers.Serializer[Any]):
    """Rising ages in seconds up to which versions are kept; older ones are kept one a week."""

    all_s = BoundedIntegerField(help_text="Every automatic version is kept.")
    hourly_s = BoundedIntegerField(help_text="The latest of each hour is kept.")
    daily_s = BoundedIntegerField(help_text="The latest of each day is kept.")


class HistorySettingsChangeSerializer(serializers.Serializer[Any]):
    """Changes of history settings; null stands for the server's setting."""

    viewers_may_look = serializers.BooleanField(required=False)
    compact_after_days = BoundedIntegerField(
        required=False,
        allow_null=True,
        help_text="The number of days after which the log may be compacted; 0 is never.",
    )
    keep = KeepSerializer(required=False, allow_null=True)


class HistoryInForceSerializer(serializers.Serializer[Any]):
    """The settings in force: those of the document, else those of the server."""

    compact_after_days = serializers.IntegerField()
    keep = KeepSerializer()


class HistorySettingsSerializer(serializers.Serializer[Any]):
    """The history settings of a document, set by its owners."""

    viewers_may_look = serializers.BooleanField(
        help_text="Whether users who are only viewers may see other states than the present, "
        "and the authors of edits."
    )
    compact_after_days = serializers.IntegerField(allow_null=True)
    keep = KeepSerializer(allow_null=True)
    in_force = HistoryInForceSerializer()
