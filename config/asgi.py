"""ASGI entry point: pages and REST by Django, document sockets by ``apps.collab``."""

import os
import re

from channels.routing import ProtocolTypeRouter
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

#: The setting with the longest body of each path to which files are uploaded.
UPLOADS = {re.compile(r"/api/v1/documents/[^/]+/attachments/"): "ATTACHMENT_MAX_BYTES"}

http_application = BodyLimit(CallerPresence(django_application), uploads=UPLOADS)
application = RequestIds(
    ProtocolTypeRouter({"http": http_application, "websocket": socket_application})
)
