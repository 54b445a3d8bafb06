"""The shapes of the versions' REST calls (CONTRACT)."""

from typing import Any

from rest_framework import serializers

from apps.accounts.api.serializers import AuthorSerializer


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
