"""JSON logs, and the log of single operations through the processes.

Each operation has a unique id from its client, or from the server that received it. With
``LOG_OPERATIONS`` every process logs each step of an operation with that id. Without it, the cost
is one check of a logger's level.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final

from apps.core.request_ids import request_id_find

#: Control characters, and the line ends that are none, to their escapes.
_CONTROLS: Final = {
    code: chr(code).encode("unicode_escape").decode()
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
}

_operation_logger = logging.getLogger("scriptorium.operations")


class LineFormatter(logging.Formatter):
    """Formats a record as one line for people; a traceback follows on lines of its own.

    Line ends and other control characters of a message are escaped: part of it may be a client's,
    as a unique id is, and must not look like a line of ours.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class's
        """Return the line without a traceback."""
        return super().formatMessage(record).translate(_CONTROLS)


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, message and further facts.

    Records of a request or a socket have its ``request_id``.
    """

    def __init__(self, *, server_id: str) -> None:
        super().__init__()
        self._server_id = server_id

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback is in ``error``."""
        row: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "server_id": self._server_id,
            "message": record.getMessage(),
        }
        if (request_id := request_id_find()) is not None:
            row["request_id"] = request_id
        row.update(getattr(record, "facts", {}))
        if record.exc_info:
            row["error"] = self.formatException(record.exc_info)
        return json.dumps(row, default=str)


def operations_are_logged() -> bool:
    """Return whether operations are logged; check it before each call of ``operation_log``."""
    return _operation_logger.isEnabledFor(logging.INFO)


def operation_log(
    step: str,
    *,
    document_id: str,
    unique_id: str,
    seq: int | None = None,
    request_id: str | None = None,
) -> None:
    """Log that an operation has reached a step; ``request_id`` is the request that sent it."""
    facts = {"step": step, "document_id": document_id, "unique_id": unique_id, "seq": seq}
    if request_id is not None:
        facts["request_id"] = request_id
    _operation_logger.info("operation %s %s", unique_id, step, extra={"facts": facts})
