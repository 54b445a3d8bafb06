"""``/api/schema/`` and ``/api/docs/``: the OpenAPI schema, made once per process and format.

Making it takes 100 ms of a processor, and it needs no sign-in.
"""

import json
from functools import lru_cache
from threading import Lock
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from apps.core.api.reference import reference_groups, reference_shapes

_RENDERERS: Final = {"json": OpenApiJsonRenderer, "yaml": OpenApiYamlRenderer}
_making = Lock()


class SchemaView(SpectacularAPIView):
    """The OpenAPI schema in YAML or JSON, as ``Accept`` or ``?format=`` names it."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Answer with the schema."""
        renderer = request.accepted_renderer
        with _making:  # the first callers wait for one another
            schema = _schema(renderer.format)
        headers = {
            "Content-Disposition": f'inline; filename="Scriptorium.{renderer.format}"',
            "Cache-Control": "public, max-age=600",
            "Vary": "Accept",
        }
        return HttpResponse(schema, content_type=renderer.media_type, headers=headers)


@lru_cache(maxsize=len(_RENDERERS))
def _schema(kind: str) -> bytes:
    """Return the schema in one of ``_RENDERERS``; it is the same for every caller."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    rendered = _RENDERERS[kind]().render(schema, renderer_context={})
    return rendered.encode() if isinstance(rendered, str) else rendered


def reference_view(request: HttpRequest) -> HttpResponse:
    """Show the reference of the API: the schema as a page, without scripts."""
    with _making:
        page = _reference()
    return render(request, "api_reference.html", page)


@lru_cache(maxsize=1)
def _reference() -> dict[str, object]:
    schema = json.loads(_schema("json"))
    return {
        "info": schema["info"],
        "groups": reference_groups(schema),
        "shapes": reference_shapes(schema),
    }
