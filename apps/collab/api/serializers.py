"""Serializers of the log's REST calls."""

from typing import Any

from rest_framework import serializers

from apps.accounts.api.serializers import AuthorSerializer
from apps.collab.protocol import MAX_UNIQUE_ID_CHARS
from apps.core.api.fields import Base64Field, BoundedIntegerField


class OperationSubmitSerializer(serializers.Serializer[Any]):
    """An edit by REST."""

    unique_id = serializers.CharField(max_length=MAX_UNIQUE_ID_CHARS)
    update = Base64Field(help_text="A Yjs v1 update, base64.")  # type: ignore[assignment]
    version_vector = Base64Field(
        required=False, help_text="The encoded state vector after the edit, base64."
    )
    copies = Base64Field(
        required=False,
        help_text="A copy map (docs/protocol.md), base64: which content was deleted before.",
    )


class OperationSerializer(serializers.Serializer[Any]):
    """One entry of the log."""

    seq = serializers.IntegerField()
    unique_id = serializers.CharField()
    author = AuthorSerializer()
    received_at = serializers.DateTimeField()
    version_vector = Base64Field()
    size = serializers.IntegerField(help_text="Length of the update, in bytes.")
    update = Base64Field()  # type: ignore[assignment]
    copies = Base64Field(help_text="The copy map that its author claims; mostly empty.")


class SubmittedSerializer(serializers.Serializer[Any]):
    """The place of an edit in the log."""

    seq = serializers.IntegerField()
    unique_id = serializers.CharField()
    duplicate = serializers.BooleanField()


class LogQuerySerializer(serializers.Serializer[Any]):
    """The part of the log that is wanted."""

    after = BoundedIntegerField(default=0, help_text="Return the operations after this seq.")
    limit = BoundedIntegerField(min_value=1, max_value=1000, default=100)


class LogPageSerializer(serializers.Serializer[Any]):
    """A part of the log; ``next`` is the address of the part after it."""

    results = OperationSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    begins = serializers.IntegerField(
        help_text="The first operation of the log: 1 unless it is compacted."
    )
