"""Base64: bytes in JSON and in query strings."""

import base64
import binascii

from apps.core.errors import InvalidInputError


def encode(data: bytes) -> str:
    """Return standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode()


def decode(text: str) -> bytes:
    """Decode base64 of either alphabet, with or without padding. Raises ``InvalidInputError``."""
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError) as err:
        raise InvalidInputError("This is not base64.") from err
