"""The product, and ``/ws/rooms/{name}``: a generator's room name becomes a document of ``ada``.

The generator invents room names; Scriptorium's documents are made, and have rights. Only the
handshake passes through here: frames go straight to the product's consumer.
"""

import os
from typing import Any

from channels.db import database_sync_to_async

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")

from config.asgi import application as product

from apps.accounts.models import User
from apps.documents.services import document_ensure_seeded

PREFIX = "/ws/rooms/"


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Turn the room's name into the document's id; everything else is the product's."""
    path = scope.get("path", "")
    if scope["type"] == "websocket" and path.startswith(PREFIX):
        document_id = await database_sync_to_async(_document_id)(path[len(PREFIX) :].strip("/"))
        scope = {**scope, "path": f"/ws/documents/{document_id}"}
    await product(scope, receive, send)


def _document_id(room: str) -> str:
    user = User.objects.get(username="ada")
    document, _ = document_ensure_seeded(user=user, name=room, title=room)
    return str(document.id)
