"""ASGI entry point: pages and REST by Django, document sockets by ``apps.collab``."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

# First Django, then what needs its models.
django_application = get_asgi_application()

from apps.collab.routing import application as socket_application  # noqa: E402
from apps.core.request_ids import RequestIds  # noqa: E402

application = RequestIds(
    ProtocolTypeRouter({"http": django_application, "websocket": socket_application})
)
