"""Keyset pagination over MongoDB: a page starts where the last one ended, not at an offset.

A page stays right while documents are created and renamed, and page 1,000 costs as much as page 1.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.template import loader
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from apps.documents.cursors import Cursor, cursor_decode, cursor_encode, edge_of_cursor
from apps.documents.listing import Edge
from apps.documents.models import Document
from apps.documents.selectors import order_of

CURSOR_PARAM = "cursor"
SIZE_PARAM = "page_size"


class KeysetPagination(BasePagination):
    """Pages of documents, ``?cursor=`` and ``?page_size=``, with links in both directions."""

    template = "rest_framework/pagination/previous_and_next.html"

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any]:
        """Return one page of a ``Listing`` with the ordering of ``view.ordering``."""
        self._url = request.build_absolute_uri()
        self._ordering = str(getattr(view, "ordering", "-updated_at"))
        text = request.query_params.get(CURSOR_PARAM, "")
        cursor = cursor_decode(text, ordering=self._ordering) if text else None
        self._backward = cursor is not None and cursor.backward
        size = _page_size(request)
        rows: list[Document] = queryset.page(
            size=size + 1, after=self._edge(cursor), backward=self._backward
        )
        self._more = len(rows) > size
        self._cursor = cursor
        page = rows[:size]
        self._page = page[::-1] if self._backward else page
        self.display_page_controls = bool(self.next_url() or self.previous_url())
        return self._page

    def next_url(self) -> str | None:
        """Return the address of the page after this one, if there is one."""
        exists = self._more if not self._backward else self._cursor is not None
        return self._link(self._page[-1], backward=False) if exists and self._page else None

    def previous_url(self) -> str | None:
        """Return the address of the page before this one, if there is one."""
        exists = self._more if self._backward else self._cursor is not None
        return self._link(self._page[0], backward=True) if exists and self._page else None

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with its links."""
        return Response({"next": self.next_url(), "previous": self.previous_url(), "results": data})

    def get_html_context(self) -> dict[str, Any]:
        """Return the links for the browsable API."""
        return {"previous_url": self.previous_url(), "next_url": self.next_url()}

    def to_html(self) -> str:
        """Return the page controls of the browsable API."""
        return loader.render_to_string(self.template, self.get_html_context())

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page for OpenAPI."""
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Describe the parameters for OpenAPI."""
        return [
            {
                "name": CURSOR_PARAM,
                "in": "query",
                "required": False,
                "description": "Where the page begins: taken from `next` or `previous`.",
                "schema": {"type": "string"},
            },
            {
                "name": SIZE_PARAM,
                "in": "query",
                "required": False,
                "description": "Documents in a page.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": settings.DOCUMENT_PAGE_SIZE_MAX,
                    "default": settings.DOCUMENT_PAGE_SIZE,
                },
            },
        ]

    def _edge(self, cursor: Cursor | None) -> Edge | None:
        """Return the position of a cursor in the stored order."""
        return None if cursor is None else edge_of_cursor(cursor)

    def _link(self, row: Document, *, backward: bool) -> str:
        value = getattr(row, order_of(self._ordering).field)
        text = value.isoformat() if isinstance(value, datetime) else str(value)
        cursor = Cursor(self._ordering, text, row.lineage, backward)
        return replace_query_param(self._url, CURSOR_PARAM, cursor_encode(cursor))


def _page_size(request: Request) -> int:
    """Return the requested size within its limits; the default for text that is no number."""
    text = request.query_params.get(SIZE_PARAM, "")
    if not (text.isascii() and text.isdecimal()):
        return int(settings.DOCUMENT_PAGE_SIZE)
    most = settings.DOCUMENT_PAGE_SIZE_MAX
    # A number of more digits is beyond the maximum in any case.
    return max(1, min(int(text[:9]), most))
