"""Shapes of the REST calls that make edits: import, restore, undo."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from apps.collab.protocol import MAX_UNIQUE_ID_CHARS
from apps.crdt.content.readers import READ_FORMATS


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
