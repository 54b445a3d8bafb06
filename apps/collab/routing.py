"""The socket paths."""

from channels.routing import URLRouter
from django.urls import re_path

from apps.collab.consumers import DocumentConsumer, NotFoundConsumer

application = URLRouter(
    [
        re_path(r"^ws/documents/(?P<document_id>[^/]+)/?$", DocumentConsumer.as_asgi()),
        re_path(r"", NotFoundConsumer.as_asgi()),
    ]
)
