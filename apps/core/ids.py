"""Identifiers: strings everywhere, because some Mongo dialects compare binary wrongly."""

import uuid


def new_id() -> str:
    """Return a new random identifier: a UUID (version 4) as text."""
    return str(uuid.uuid4())


def is_id(text: str) -> bool:
    """Return whether ``text`` is a UUID in its canonical form."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
