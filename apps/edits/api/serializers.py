"""Serializers of edits that the server makes: import, restore, undo."""

from typing import Any

from rest_framework import serializers

from apps.collab.protocol import MAX_UNIQUE_ID_CHARS
from apps.core.api.fields import BoundedIntegerField
from apps.documents.api.serializers import OptionalTitleField
from apps.edits.import_sources import IMPORT_FORMATS


class ImportSerializer(serializers.Serializer[Any]):
    """Content to import: a text, or a file whose name may have the format."""

    format = serializers.ChoiceField(
        choices=IMPORT_FORMATS, required=False, allow_blank=True, default=""
    )
    content = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        style={"base_template": "textarea.html"},
    )
    file = serializers.FileField(
        required=False, allow_empty_file=True, help_text="Text is in UTF-8."
    )


class DocumentImportSerializer(ImportSerializer):
    """Content of a new document.

    Its default title is what the content declares (``<title>``, front matter), else its leading
    first-level heading, else the file's name.
    """

    title = OptionalTitleField()


class DocumentDuplicateSerializer(serializers.Serializer[Any]):
    """The title of a duplicate; without one it is "Copy of" the other's."""

    title = OptionalTitleField()


class ContentImportSerializer(ImportSerializer):
    """Content to insert into a document."""

    at = serializers.ChoiceField(choices=["end", "start"], default="end")
    unique_id = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=MAX_UNIQUE_ID_CHARS
    )


class SeenSerializer(serializers.Serializer[Any]):
    """The present as the caller has seen it."""

    seen_seq = BoundedIntegerField(
        required=False,
        help_text="The last operation that the caller has seen; later edits stay.",
    )


class RestorePreviewSerializer(SeenSerializer):
    """The content to restore."""

    part = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        help_text="The deleted content to restore, as `diff/` names it; all content if omitted.",
    )


class EditNameSerializer(serializers.Serializer[Any]):
    """The unique id of an edit that the server makes."""

    unique_id = serializers.CharField(
        max_length=MAX_UNIQUE_ID_CHARS,
        required=False,
        default="",
        allow_blank=True,
        help_text="The unique id of the edit; a repeated one changes nothing.",
    )


class RestoreSerializer(RestorePreviewSerializer, EditNameSerializer):
    """A request to restore an earlier state."""


class UndoPreviewSerializer(SeenSerializer):
    """The author whose edits are undone, and their start: a seq or a time."""

    author = BoundedIntegerField(min_value=1, help_text="The id of the author.")
    after_seq = BoundedIntegerField(required=False, help_text="Edits after this operation.")
    since = serializers.DateTimeField(required=False, help_text="Edits at or after this time.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Require one of the two."""
        if ("after_seq" in attrs) == ("since" in attrs):
            raise serializers.ValidationError("Send either after_seq or since.")
        return attrs


class UndoSerializer(UndoPreviewSerializer, EditNameSerializer):
    """A request to undo the edits of an author."""


class RestoredSerializer(serializers.Serializer[Any]):
    """The seq of the edit in the log."""

    seq = serializers.IntegerField()
    changed = serializers.BooleanField(help_text="False where there was nothing to change.")
