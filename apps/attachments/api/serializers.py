"""Shapes of the attachments' REST interface; no logic."""

from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from apps.attachments.selectors import StoredAttachment
from apps.attachments.signed_addresses import PARAMETER, signature_make
from apps.core.api.fields import BoundedIntegerField


class AttachmentSerializer(serializers.Serializer[Any]):
    """A file of a document.

    ``id`` is the SHA-256 of the uploaded bytes, ``size`` their number. Of a picture,
    ``media_type``, ``width`` and ``height`` are those of the cleaned one, which is served at
    ``url``; ``widths`` are its smaller sizes (``?width=``). ``signed_url`` needs no
    sign-in for ``expires_in`` seconds.
    """

    id = serializers.CharField(read_only=True)
    url = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    media_type = serializers.CharField(read_only=True)
    size = serializers.IntegerField(read_only=True)
    width = serializers.IntegerField(read_only=True, allow_null=True)
    height = serializers.IntegerField(read_only=True, allow_null=True)
    widths = serializers.ListField(child=serializers.IntegerField(), read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    signed_url = serializers.CharField(read_only=True)
    expires_in = serializers.IntegerField(read_only=True)


class AttachmentPageSerializer(serializers.Serializer[Any]):
    """A page of a document's files, the latest first."""

    results = AttachmentSerializer(many=True, read_only=True)
    next = serializers.CharField(read_only=True, allow_null=True)


class AttachmentQuerySerializer(serializers.Serializer[Any]):
    """The position and length of a page."""

    before = BoundedIntegerField(required=False)
    limit = BoundedIntegerField(
        required=False,
        default=settings.DOCUMENT_PAGE_SIZE,
        min_value=1,
        max_value=settings.DOCUMENT_PAGE_SIZE_MAX,
    )


class AttachmentUploadSerializer(serializers.Serializer[Any]):
    """A file, or a file of another document: ``from`` is that document's id, ``id`` the file's."""

    file = serializers.FileField(required=False, allow_empty_file=True, max_length=None)
    id = serializers.CharField(required=False, max_length=64)

    def get_fields(self) -> dict[str, Any]:
        """Add ``from``, which is no name in Python."""
        source = serializers.CharField(required=False, max_length=36)
        return {**super().get_fields(), "from": source}


class AttachmentBytesQuerySerializer(serializers.Serializer[Any]):
    """The width for which a smaller picture is enough, in pixels."""

    width = BoundedIntegerField(required=False, min_value=1, max_value=100_000)


def attachment_body(attachment: StoredAttachment, request: Request) -> dict[str, Any]:
    """Return a file's JSON as the caller sees it now."""
    arguments = {"document_id": attachment.document_id, "file_id": attachment.id}
    url = reverse("document-attachment", kwargs=arguments)
    signature = signature_make(user=request.user, **arguments)  # type: ignore[arg-type]
    body = {name: getattr(attachment, name) for name in _PLAIN}
    return {
        **AttachmentSerializer(
            {
                **body,
                "url": url,
                "signed_url": f"{url}?{PARAMETER}={signature}",
                "expires_in": settings.ATTACHMENT_ADDRESS_S,
            }
        ).data
    }


_PLAIN = ("id", "name", "media_type", "size", "width", "height", "widths", "created_at")
