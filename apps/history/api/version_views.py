"""``documents/{id}/versions/`` and ``documents/{id}/at/{seq}/``: versions, and states at a seq."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from apps.accounts.identity import caller
from apps.accounts.selectors import authors_named
from apps.core.api.binary import (
    BYTES,
    AnyContentNegotiation,
    bytes_response,
    etag_of,
    not_modified,
)
from apps.core.api.costly import CostlyAPIView
from apps.core.api.input import validated
from apps.core.api.paging import paged
from apps.core.api.responses import ERROR
from apps.core.errors import ForbiddenError
from apps.documents.selectors import document_history_get
from apps.history.api.serializers import (
    VersionCreateSerializer,
    VersionNameSerializer,
    VersionSerializer,
    VersionsPageSerializer,
    VersionsQuerySerializer,
)
from apps.history.selectors import version_get, versions_page
from apps.history.services import version_create_named, version_rename
from apps.history.states import state_at, version_state
from apps.history.version import Version


class VersionsView(APIView):
    """The versions of a document, the latest first. POST names the present or any other state."""

    serializer_class = VersionCreateSerializer

    @extend_schema(
        operation_id="documents_versions_list",
        parameters=[VersionsQuerySerializer],
        responses={200: VersionsPageSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def get(self, request: Request, document_id: str) -> Response:
        """List versions."""
        document_history_get(user=caller(request), document_id=document_id)
        query = validated(VersionsQuerySerializer, request.query_params)
        rows = partial(versions_page, document_id=document_id, named_only=query["named"])
        return paged(request, query, rows, key=lambda version: version.number, bodies=_bodies)

    @extend_schema(
        request=VersionCreateSerializer,
        responses={201: VersionSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def post(self, request: Request, document_id: str) -> Response:
        """Store the present state, or that after operation ``seq``, as a named version."""
        user = caller(request)
        _check_writable(request, document_id)
        values = validated(VersionCreateSerializer, request.data)
        version = version_create_named(document_id=document_id, user_id=str(user.pk), **values)
        address = reverse("document-version", args=[document_id, version.number], request=request)
        return Response(_bodies([version])[0], status=201, headers={"Location": address})


class VersionView(APIView):
    """One version. PATCH names it; a named version is kept without end."""

    serializer_class = VersionNameSerializer

    @extend_schema(responses={200: VersionSerializer, 403: ERROR, 404: ERROR})
    def get(self, request: Request, document_id: str, number: int) -> Response:
        """Return a version, without its content."""
        document_history_get(user=caller(request), document_id=document_id)
        return Response(_bodies([version_get(document_id=document_id, number=number)])[0])

    @extend_schema(
        request=VersionNameSerializer,
        responses={200: VersionSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def patch(self, request: Request, document_id: str, number: int) -> Response:
        """Name a version; an empty name makes it automatic again."""
        _check_writable(request, document_id)
        name = validated(VersionNameSerializer, request.data)["name"]
        version = version_rename(
            document_id=document_id, number=number, name=name, user_id=str(caller(request).pk)
        )
        return Response(_bodies([version])[0])


class VersionStateView(CostlyAPIView):
    """The content of a version as a Yjs v1 update (docs/system-flow.md, §7)."""

    content_negotiation_class = AnyContentNegotiation

    @extend_schema(responses=BYTES)
    def get(self, request: Request, document_id: str, number: int) -> HttpResponse:
        """Answer with the bytes, or 304."""
        document, _ = document_history_get(user=caller(request), document_id=document_id)
        version = version_get(document_id=document_id, number=number)
        etag = etag_of(document.lineage, version.seq)
        unchanged = not_modified(request, etag)
        if unchanged is not None:
            return unchanged
        content = version_state(document_id=document_id, number=number)
        return bytes_response(content.state, etag=etag, seq=content.seq)


class MomentStateView(CostlyAPIView):
    """The content of a document after any operation, as a Yjs v1 update."""

    content_negotiation_class = AnyContentNegotiation

    @extend_schema(responses=BYTES)
    def get(self, request: Request, document_id: str, seq: int) -> HttpResponse:
        """Answer with the bytes, or 304."""
        document, _ = document_history_get(user=caller(request), document_id=document_id)
        etag = etag_of(document.lineage, seq)
        unchanged = not_modified(request, etag)
        if unchanged is not None:
            return unchanged
        content = state_at(document_id=document_id, seq=seq)
        return bytes_response(content.state, etag=etag, seq=seq)


def _check_writable(request: Request, document_id: str) -> None:
    _, abilities = document_history_get(user=caller(request), document_id=document_id)
    if not abilities.write:
        raise ForbiddenError("You may read this document, not change its history.")


def _bodies(versions: Sequence[Version]) -> list[dict[str, Any]]:
    authors = authors_named({author_id for version in versions for author_id in version.author_ids})
    rows = [
        {
            "number": version.number,
            "seq": version.seq,
            "name": version.name,
            "automatic": version.automatic,
            "created_at": version.created_at,
            "authors": [authors[author_id] for author_id in version.author_ids],
            "size": version.size,
        }
        for version in versions
    ]
    return [dict(row) for row in VersionSerializer(rows, many=True).data]
