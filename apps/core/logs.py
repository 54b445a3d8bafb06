"""Logs for programs, and the trail of single operations through the processes.

Each operation has a unique id from its client, or from the server that got it; with
``LOG_OPERATIONS`` every process says under that id what it did with it. Off, it costs one look at a
logger's level.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from apps.core.request_ids import request_id_find

_trail = logging.getLogger("scriptorium.operations")


class JsonFormatter(logging.Formatter):
    """One object of JSON for each line: when, what, who says it, and the facts beside the words.

    What is done for a request or a socket has its ``request_id``.
    """

    def __init__(self, *, server_id: str) -> None:
        super().__init__()
        self._server_id = server_id

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback stands in ``error``."""
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "server_id": self._server_id,
            "message": record.getMessage(),
        }
        if (request_id := request_id_find()) is not None:
            said["request_id"] = request_id
        said.update(getattr(record, "facts", {}))
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str)


def operations_are_logged() -> bool:
    """Tell whether somebody wants to follow operations: ask before each word, it is cheap."""
    return _trail.isEnabledFor(logging.INFO)


def operation_log(
    step: str,
    *,
    document_id: str,
    unique_id: str,
    seq: int | None = None,
    request_id: str | None = None,
) -> None:
    """Say that an operation has come to a step of its way; ``request_id`` brought it."""
    facts = {"step": step, "document_id": document_id, "unique_id": unique_id, "seq": seq}
    if request_id is not None:
        facts["request_id"] = request_id
    _trail.info("operation %s %s", unique_id, step, extra={"facts": facts})
