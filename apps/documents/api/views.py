"""REST views of documents and permissions; each makes one domain call."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from apps.accounts.identity import caller
from apps.accounts.models import Permission
from apps.accounts.roles import Role
from apps.core.api.input import StrictCursorPagination, validated
from apps.core.api.responses import ERROR
from apps.documents import selectors, services, sharing
from apps.documents.api import serializers
from apps.documents.api.filters import DocumentFilter
from apps.documents.api.pagination import KeysetPagination
from apps.documents.models import Document


class ApiRootView(APIView):
    """The root of the API."""

    permission_classes = [AllowAny]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """Return the addresses to start from."""
        names = {
            "documents": "document-list",
            "users": "user-list",
            "groups": "group-list",
            "me": "user-me",
            "token": "token-obtain",
            "schema": "schema",
            "docs": "api-docs",
        }
        return Response({key: reverse(name, request=request) for key, name in names.items()})


class DocumentListView(ListAPIView[Any]):
    """Documents that are yours or shared with you. POST makes a new one."""

    filter_backends = [DocumentFilter]
    pagination_class = KeysetPagination

    def get_queryset(self) -> Any:
        """Return no documents: the filter calls the selector."""
        return Document.objects.none()

    def get_serializer_class(self) -> type[Serializer[Any]]:
        """Return the serializer of a new document for POST, else that of a document."""
        if self.request.method == "POST":
            return serializers.DocumentCreateSerializer
        return serializers.DocumentSerializer

    @extend_schema(
        tags=["documents"],
        operation_id="documents_list",
        responses={200: serializers.DocumentSerializer(many=True), 400: ERROR},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List documents, page by page."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        cards = selectors.document_cards(page or [], user=caller(request))
        return self.get_paginated_response(self.get_serializer(cards, many=True).data)

    @extend_schema(
        tags=["documents"],
        request=serializers.DocumentCreateSerializer,
        responses={201: serializers.DocumentSerializer, 400: ERROR, 403: ERROR},
    )
    def post(self, request: Request) -> Response:
        """Create a document; you are its owner. Without the right to create: 403."""
        values = validated(serializers.DocumentCreateSerializer, request.data)
        document = services.document_create(user=caller(request), title=values["title"])
        body = document_body(document, request)
        return Response(body, status=201, headers={"Location": body["links"]["self"]})


class _DocumentView(GenericAPIView[Any]):
    """A view of one document, whose id is in the path."""

    serializer_class = serializers.DocumentSerializer

    def get_queryset(self) -> Any:
        """Return no documents: each method reads its own."""
        return Document.objects.none()


class DocumentDetailView(_DocumentView):
    """One document: read it, rename it (PATCH), put it into the trash (DELETE)."""

    def get_serializer_class(self) -> type[Serializer[Any]]:
        """Return the serializer of a new title for PATCH, else that of a document."""
        if self.request.method == "PATCH":
            return serializers.DocumentRenameSerializer
        return serializers.DocumentSerializer

    @extend_schema(tags=["documents"], responses={200: serializers.DocumentSerializer, 404: ERROR})
    def get(self, request: Request, document_id: str) -> Response:
        """Return a document. What you may not see answers 404."""
        document, _ = selectors.document_get(user=caller(request), document_id=document_id)
        return Response(document_body(document, request))

    @extend_schema(
        tags=["documents"],
        request=serializers.DocumentRenameSerializer,
        responses={200: serializers.DocumentSerializer, 400: ERROR, 403: ERROR, 404: ERROR},
    )
    def patch(self, request: Request, document_id: str) -> Response:
        """Rename a document."""
        values = validated(serializers.DocumentRenameSerializer, request.data)
        document = services.document_rename(
            user=caller(request), document_id=document_id, title=values["title"]
        )
        return Response(document_body(document, request))

    @extend_schema(tags=["documents"], responses={204: None, 403: ERROR, 404: ERROR})
    def delete(self, request: Request, document_id: str) -> Response:
        """Put a document into the trash; its owners can restore it."""
        services.document_trash(user=caller(request), document_id=document_id)
        return Response(status=204)


class DocumentRestoreView(_DocumentView):
    """Take a document out of the trash."""

    @extend_schema(
        tags=["documents"],
        request=None,
        responses={200: serializers.DocumentSerializer, 403: ERROR, 404: ERROR},
    )
    def post(self, request: Request, document_id: str) -> Response:
        """Restore a document from the trash."""
        document = services.document_untrash(user=caller(request), document_id=document_id)
        return Response(document_body(document, request))


class PermissionPagination(StrictCursorPagination):
    """Pages of permissions, oldest first."""

    page_size = 100
    ordering = "id"


@extend_schema_view(
    get=extend_schema(
        tags=["sharing"],
        operation_id="documents_permissions_list",
        responses={200: serializers.PermissionSerializer(many=True), 404: ERROR},
    )
)
class PermissionListView(ListAPIView[Permission]):
    """The permissions of a document. POST shares it with a user or a group."""

    pagination_class = PermissionPagination

    def get_queryset(self) -> Any:
        """Return the document's permissions."""
        if getattr(self, "swagger_fake_view", False):
            return Permission.objects.none()
        return sharing.shares_list(
            user=caller(self.request), document_id=self.kwargs["document_id"]
        )

    def get_serializer_class(self) -> type[Serializer[Any]]:
        """Return the serializer of a new permission for POST, else that of a permission."""
        if self.request.method == "POST":
            return serializers.PermissionGrantSerializer
        return serializers.PermissionSerializer

    @extend_schema(
        tags=["sharing"],
        request=serializers.PermissionGrantSerializer,
        responses={
            201: serializers.PermissionSerializer,
            400: ERROR,
            403: ERROR,
            404: ERROR,
            409: ERROR,
        },
    )
    def post(self, request: Request, document_id: str) -> Response:
        """Give a user or a group a role. Only owners may."""
        values = validated(serializers.PermissionGrantSerializer, request.data)
        role = Role(values.pop("role"))
        permission = sharing.share_create(
            user=caller(request), document_id=document_id, role=role, **values
        )
        return Response(serializers.PermissionSerializer(permission).data, status=201)


class PermissionDetailView(GenericAPIView[Permission]):
    """One permission: change its role (PATCH) or take it away (DELETE)."""

    queryset = Permission.objects.none()

    def get_serializer_class(self) -> type[Serializer[Any]]:
        """Return the serializer of a role for PATCH, else that of a permission."""
        if self.request.method == "PATCH":
            return serializers.PermissionChangeSerializer
        return serializers.PermissionSerializer

    @extend_schema(tags=["sharing"], responses={200: serializers.PermissionSerializer, 404: ERROR})
    def get(self, request: Request, document_id: str, pk: int) -> Response:
        """Return one permission."""
        permission = sharing.share_get(
            user=caller(request), document_id=document_id, permission_id=pk
        )
        return Response(self.get_serializer(permission).data)

    @extend_schema(
        tags=["sharing"],
        request=serializers.PermissionChangeSerializer,
        responses={
            200: serializers.PermissionSerializer,
            400: ERROR,
            403: ERROR,
            404: ERROR,
            409: ERROR,
        },
    )
    def patch(self, request: Request, document_id: str, pk: int) -> Response:
        """Change the role. The last owner cannot become less: 409."""
        values = validated(serializers.PermissionChangeSerializer, request.data)
        permission = sharing.share_change(
            user=caller(request),
            document_id=document_id,
            permission_id=pk,
            role=Role(values["role"]),
        )
        return Response(serializers.PermissionSerializer(permission).data)

    @extend_schema(tags=["sharing"], responses={204: None, 403: ERROR, 404: ERROR, 409: ERROR})
    def delete(self, request: Request, document_id: str, pk: int) -> Response:
        """Revoke the permission; users may always revoke their own. The last owner stays: 409."""
        sharing.share_revoke(user=caller(request), document_id=document_id, permission_id=pk)
        return Response(status=204)


def document_body(document: Document, request: Request) -> Any:
    """Return a document's JSON as the caller sees it now."""
    card = selectors.document_card(document, user=caller(request))
    return serializers.DocumentSerializer(card, context={"request": request}).data
