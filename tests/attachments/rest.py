"""Uploads by REST, for the tests of this folder."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from apps.documents.models import Document


def path_of(document: Document) -> str:
    """Return the URL of a document's files."""
    return f"/api/v1/documents/{document.id}/attachments/"


def upload(
    client: APIClient, document: Document, data: bytes, name: str = "a.png", kind: str = "image/png"
) -> Any:
    """Upload a file; return the response."""
    file = SimpleUploadedFile(name, data, content_type=kind)
    return client.post(path_of(document), {"file": file}, format="multipart")


def attached(
    client: APIClient, document: Document, data: bytes, name: str = "a.png", kind: str = "image/png"
) -> dict[str, Any]:
    """Upload a file; return its JSON."""
    response = upload(client, document, data, name, kind)
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body
