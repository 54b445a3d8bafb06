"""The filters of the list: ``search``, ``ordering``, ``trashed``, ``owned``; browsable too."""

from typing import Any

from django.template import loader
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from apps.accounts.identity import caller
from apps.core.api.input import validated
from apps.documents import selectors
from apps.documents.api.serializers import DocumentFilterSerializer

_ORDERING_NAMES = {
    "-updated_at": "last changed first",
    "updated_at": "last changed last",
    "title": "title A to Z",
    "-title": "title Z to A",
    "-created_at": "newest first",
    "created_at": "oldest first",
}


class DocumentFilter(BaseFilterBackend):
    """Calls the selector with the query, and stores the ordering on the view."""

    template = "rest_framework/filters/documents.html"

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        """Return the filtered documents; an invalid parameter answers 400."""
        query = validated(DocumentFilterSerializer, request.query_params)
        view.ordering = query["ordering"]
        return selectors.documents_list(user=caller(request), **query)

    def to_html(self, request: Request, queryset: Any, view: APIView) -> str:
        """Return the filter links of the browsable API."""
        url = remove_query_param(request.build_absolute_uri(), "cursor")
        ordering = str(getattr(view, "ordering", selectors.DEFAULT_ORDERING))
        context = {
            "search": request.query_params.get("search", ""),
            "kept": [
                (name, request.query_params[name])
                for name in ("ordering", "trashed", "owned")
                if name in request.query_params
            ],
            "orderings": [
                (name, replace_query_param(url, "ordering", key), key == ordering)
                for key, name in _ORDERING_NAMES.items()
            ],
            "places": _place_links(request, url),
        }
        return loader.render_to_string(self.template, context, request=request._request)  # noqa: SLF001 - DRF's name

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Describe the parameters for OpenAPI."""
        return [
            _parameter("search", "Words that all stand in the title.", {"type": "string"}),
            _parameter(
                "ordering",
                "Order of the list.",
                {
                    "type": "string",
                    "enum": list(selectors.ORDERINGS),
                    "default": selectors.DEFAULT_ORDERING,
                },
            ),
            _parameter(
                "trashed", "The trash instead of what lives.", {"type": "boolean", "default": False}
            ),
            _parameter(
                "owned", "Only own (true) or only shared ones (false).", {"type": "boolean"}
            ),
        ]


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }


def _place_links(request: Request, url: str) -> list[tuple[str, str, bool]]:
    """Return ``(name, address, is it this one)`` for all, own, shared and trashed documents."""
    bare = remove_query_param(remove_query_param(url, "trashed"), "owned")
    places = {
        "all": bare,
        "own": replace_query_param(bare, "owned", "true"),
        "shared with me": replace_query_param(bare, "owned", "false"),
        "trash": replace_query_param(bare, "trashed", "true"),
    }
    return [(name, address, address == url) for name, address in places.items()]
