"""The signature of a Kafka message: proof that a process with our ``SECRET_KEY`` wrote it.

Kafka is not trusted with the content of documents. The broker of ``make up`` knows no passwords,
and a cluster has more clients than ours. So a worker applies a message only when its signature
covers the whole operation; it reads every other operation from the log, at the price of a query.
"""

import functools
import hashlib
import hmac

from django.conf import settings

from apps.oplog.operation import Operation

_PURPOSE = b"scriptorium kafka"


def operation_sign(operation: Operation) -> bytes:
    """Return the signature of an operation: HMAC-SHA256 over all its stored fields."""
    message = bytearray()
    for field in (
        operation.document_id.encode(),
        str(operation.seq).encode(),
        operation.unique_id.encode(),
        operation.author_id.encode(),
        operation.received_at.isoformat().encode(),
        operation.version_vector,
        operation.update,
    ):
        message += len(field).to_bytes(4, "big") + field
    return hmac.digest(_key(settings.SECRET_KEY), message, "sha256")


def is_signed(operation: Operation, signature: object) -> bool:
    """Tell whether a signature is that of the operation."""
    return isinstance(signature, bytes) and hmac.compare_digest(
        operation_sign(operation), signature
    )


@functools.cache
def _key(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(), key=_PURPOSE).digest()
