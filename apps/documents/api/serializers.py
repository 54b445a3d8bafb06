"""Shapes of the documents' REST interface; no logic."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.accounts.models import Permission
from apps.accounts.roles import DOCUMENT_ROLES
from apps.core.api.fields import Base64Field
from apps.documents.selectors import DEFAULT_ORDERING, ORDERINGS, DocumentCard

ROLE_CHOICES = [role.value for role in DOCUMENT_ROLES]


class PersonReferenceSerializer(serializers.Serializer[Any]):
    """A user, as documents and permissions name them."""

    id = serializers.IntegerField(read_only=True)
    username = serializers.CharField(read_only=True)
    name = serializers.CharField(source="display_name", read_only=True)


class WriterSerializer(serializers.Serializer[Any]):
    """A person who changed a document; the names are null without an account."""

    id = serializers.IntegerField(read_only=True)
    username = serializers.CharField(read_only=True, allow_null=True)
    name = serializers.CharField(read_only=True, allow_null=True)
    at = serializers.DateTimeField(read_only=True)


class AbilitiesSerializer(serializers.Serializer[Any]):
    """The caller's abilities on the document."""

    read = serializers.BooleanField(read_only=True)
    comment = serializers.BooleanField(read_only=True)
    write = serializers.BooleanField(read_only=True)
    rename = serializers.BooleanField(read_only=True)
    share = serializers.BooleanField(read_only=True)
    trash = serializers.BooleanField(read_only=True)
    manage_owner = serializers.BooleanField(read_only=True)
    look_at_history = serializers.BooleanField(read_only=True)


@extend_schema_field(
    {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}
)
class DocumentLinksField(serializers.Field[Any, Any, Any, Any]):
    """Links of a document; the browsable API renders them."""

    def to_representation(self, value: DocumentCard) -> dict[str, str]:
        """Return the addresses of the document and its parts."""
        request = self.context.get("request")
        arguments = {"document_id": value.document.id}
        return {
            "self": reverse("document-detail", kwargs=arguments, request=request),
            "permissions": reverse("document-permissions", kwargs=arguments, request=request),
            "restore": reverse("document-restore", kwargs=arguments, request=request),
        }


class DocumentSerializer(serializers.Serializer[Any]):
    """A document; ``seq`` is the end of its log, ``version_vector`` its Yjs state vector.

    The vector is null for a document with many hundred clients (``documents.heads``). ``writers``
    has the last people who changed it, the last one first, each with the time; it is empty for a
    reader who may not see the history. ``excerpt`` has the first words of its text as of its
    latest snapshot, which follows a pause of the writers (``SNAPSHOT_QUIET_S``) or many edits; it
    is empty before, and where a reader who may not see the history would see deleted words.
    """

    id = serializers.UUIDField(source="document.id", read_only=True)
    title = serializers.CharField(source="document.title", read_only=True)
    owner = PersonReferenceSerializer(read_only=True, allow_null=True)
    role = serializers.ChoiceField(
        choices=ROLE_CHOICES, source="abilities.role", read_only=True, allow_null=True
    )
    seq = serializers.IntegerField(source="document.seq", read_only=True)
    version_vector = Base64Field(source="document.version_vector", read_only=True, allow_null=True)
    lineage = serializers.UUIDField(source="document.lineage", read_only=True)
    created_at = serializers.DateTimeField(source="document.created_at", read_only=True)
    updated_at = serializers.DateTimeField(source="document.updated_at", read_only=True)
    trashed_at = serializers.DateTimeField(
        source="document.trashed_at", read_only=True, allow_null=True
    )
    writers = WriterSerializer(many=True, read_only=True)
    excerpt = serializers.CharField(read_only=True)
    abilities = AbilitiesSerializer(read_only=True)
    links = DocumentLinksField(source="*", read_only=True)


class OptionalTitleField(serializers.CharField):
    """The title of a new document; "" where it is left to the server."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            allow_blank=True,
            default="",
            max_length=settings.DOCUMENT_TITLE_MAX_CHARS,
        )


class DocumentCreateSerializer(serializers.Serializer[Any]):
    """A new document; without a title it is called "Untitled"."""

    title = OptionalTitleField()


class DocumentRenameSerializer(serializers.Serializer[Any]):
    """Another title; an empty one makes it "Untitled"."""

    title = serializers.CharField(allow_blank=True, max_length=settings.DOCUMENT_TITLE_MAX_CHARS)


class DocumentFilterSerializer(serializers.Serializer[Any]):
    """Filters of the list."""

    search = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=settings.DOCUMENT_TITLE_MAX_CHARS,
    )
    ordering = serializers.ChoiceField(choices=ORDERINGS, required=False, default=DEFAULT_ORDERING)
    trashed = serializers.BooleanField(required=False, default=False)
    owned = serializers.BooleanField(required=False, default=None, allow_null=True)


class PermissionSerializer(serializers.ModelSerializer[Permission]):
    """A role of a user or a group: ``user`` or ``group`` (its name), the other one null."""

    user = PersonReferenceSerializer(read_only=True, allow_null=True)
    group = serializers.CharField(source="group.name", read_only=True, default=None)
    role = serializers.ChoiceField(choices=ROLE_CHOICES, read_only=True)
    granted_by = PersonReferenceSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Permission
        fields = ["id", "user", "group", "role", "granted_by", "created_at"]
        read_only_fields = fields


class PermissionGrantSerializer(serializers.Serializer[Any]):
    """Share with a user (by username) or a group (by name), one of the two."""

    user = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=150, source="username"
    )
    group = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=150, source="group_name"
    )
    role = serializers.ChoiceField(choices=ROLE_CHOICES)


class PermissionChangeSerializer(serializers.Serializer[Any]):
    """Another role."""

    role = serializers.ChoiceField(choices=ROLE_CHOICES)
