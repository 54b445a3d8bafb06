"""ASGI entry point: pages and REST by Django, document sockets by ``apps.collab``."""

import os
import re

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

from config.starting import errors_in_one_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

# Django is set up before the modules that import its models.
with errors_in_one_line():
    django_application = get_asgi_application()

from apps.collab.routing import application as socket_application
from apps.core.body_limit import BodyLimit
from apps.core.caller import CallerPresence
from apps.core.request_ids import RequestIds
from apps.core.static_answers import StaticAnswers

#: The setting with the longest body of each path to which files are uploaded.
UPLOADS = {re.compile(r"/api/v1/documents/[^/]+/attachments/"): "ATTACHMENT_MAX_BYTES"}

http_application = StaticAnswers(CallerPresence(django_application), settings.STATIC_URL)
application = RequestIds(
    ProtocolTypeRouter(
        {
            "http": BodyLimit(http_application, uploads=UPLOADS),
            "websocket": socket_application,
        }
    )
)
