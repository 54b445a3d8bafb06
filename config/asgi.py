"""ASGI entry point: pages and REST by Django, document sockets by ``apps.collab``."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

application = ProtocolTypeRouter({"http": get_asgi_application()})
