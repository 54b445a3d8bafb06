"""The shapes of the operations' REST calls (CONTRACT)."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from apps.accounts.api.serializers import AuthorSerializer
from apps.collab.protocol import MAX_UNIQUE_ID_CHARS
from apps.core.api.fields import Base64Field
from apps.crdt.content.readers import READ_FORMATS


class OperationSubmitSerializer(serializers.Serializer[Any]):
    """An edit by REST."""

    unique_id = serializers.CharField(max_length=MAX_UNIQUE_ID_CHARS)
    update = Base64Field(help_text="A Yjs v1 update, base64.")  # type: ignore[assignment]
    version_vector = Base64Field(
        required=False, help_text="The encoded state vector after the edit, base64."
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


class SubmittedSerializer(serializers.Serializer[Any]):
    """Where an edit is in the log."""

    seq = serializers.IntegerField()
    unique_id = serializers.CharField()
    duplicate = serializers.BooleanField()


class ImportSerializer(serializers.Serializer[Any]):
    """Content from elsewhere: a text, or a file whose name may say the format."""

    format = serializers.ChoiceField(
        choices=READ_FORMATS, required=False, allow_blank=True, default=""
    )
    content = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        style={"base_template": "textarea.html"},
    )
    file = serializers.FileField(required=False, allow_empty_file=True, help_text="In UTF-8.")


class DocumentImportSerializer(ImportSerializer):
    """Content of a new document; without a title it is called as its first heading, or the file."""

    title = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=settings.DOCUMENT_TITLE_MAX_CHARS,
    )


class ContentImportSerializer(ImportSerializer):
    """Content for a document that is there."""

    at = serializers.ChoiceField(choices=["end", "start"], default="end")
    unique_id = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=MAX_UNIQUE_ID_CHARS
    )


class LogQuerySerializer(serializers.Serializer[Any]):
    """Which part of the log."""

    after = serializers.IntegerField(min_value=0, default=0, help_text="The seq to begin after.")
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=100)


class LogPageSerializer(serializers.Serializer[Any]):
    """A part of the log; ``next`` is the address of the part after it."""

    results = OperationSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    begins = serializers.IntegerField(
        help_text="The first operation of the log: 1 unless it is compacted."
    )


class SeenSerializer(serializers.Serializer[Any]):
    """What the caller sees of the present."""

    seen_seq = serializers.IntegerField(
        min_value=0,
        required=False,
        help_text="The last operation that the caller has seen: what came later stays.",
    )


class RestorePreviewSerializer(SeenSerializer):
    """What to take back."""

    part = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        help_text="Only this, as `diff/` names what was deleted; everything when left out.",
    )


class EditNameSerializer(serializers.Serializer[Any]):
    """The name of an edit that the server makes."""

    unique_id = serializers.CharField(
        max_length=MAX_UNIQUE_ID_CHARS,
        required=False,
        default="",
        allow_blank=True,
        help_text="The edit's name: the same one again changes nothing.",
    )


class RestoreSerializer(RestorePreviewSerializer, EditNameSerializer):
    """A wish to go back."""


class UndoPreviewSerializer(SeenSerializer):
    """Whose work to take back, and since when: one of the two."""

    author = serializers.IntegerField(min_value=1, help_text="The id of who did it.")
    after_seq = serializers.IntegerField(
        min_value=0, required=False, help_text="What came after this operation."
    )
    since = serializers.DateTimeField(required=False, help_text="What came at or after this time.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse both, and none."""
        if ("after_seq" in attrs) == ("since" in attrs):
            raise serializers.ValidationError("Say either after_seq or since.")
        return attrs


class UndoSerializer(UndoPreviewSerializer, EditNameSerializer):
    """A wish to take somebody's work back."""


class RestoredSerializer(serializers.Serializer[Any]):
    """Where the edit that went back is in the log."""

    seq = serializers.IntegerField()
    changed = serializers.BooleanField(help_text="False where there was nothing to take back.")
