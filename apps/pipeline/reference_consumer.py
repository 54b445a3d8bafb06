"""Counts the references of documents to files, in a consumer group of its own (ADR 0020).

Messages without anything that looks like the id of a file are skipped unread, which are almost all.
Unreadable ones are skipped too: they are dead letters of the other group. What is missed, retention
finds in the log before it frees a file.
"""

import logging
from typing import Final

from confluent_kafka import Message
from django.db import close_old_connections

from apps.attachments.references import Reference, references_record
from apps.attachments.selectors import file_ids_in
from apps.oplog.operation import Operation
from apps.pipeline.consumer import UNREADABLE, trusted_operation
from apps.pipeline.group_consumer import GroupConsumer

logger = logging.getLogger(__name__)

REFERENCE_GROUP: Final = "scriptorium-references"
REFERENCE_LOOP: Final = "references-consumer"


class ReferenceConsumer(GroupConsumer):
    """Stores which operations of the topic refer to files, from ``start`` to ``stop``."""

    def __init__(self) -> None:
        super().__init__(group=REFERENCE_GROUP, loop=REFERENCE_LOOP)

    def _process(self, messages: list[Message]) -> bool:
        operations = [_read(message) for message in messages if _has_file_id(message)]
        references = [
            Reference(operation.document_id, file_id, operation.seq, operation.author_id)
            for operation in operations
            if operation is not None
            for file_id in file_ids_in(operation.update)
        ]
        if references:
            close_old_connections()
            references_record(references)
        return True


def _has_file_id(message: Message) -> bool:
    value = message.value()
    return isinstance(value, bytes) and bool(file_ids_in(value))


def _read(message: Message) -> Operation | None:
    try:
        return trusted_operation(message)
    except UNREADABLE as err:
        logger.info("a message without an operation is skipped: %r", err)
        return None
