"""Allowed addresses of links; the same rule as the page's (``static/js/lib/links.js``).

An address that a link must not have is not lost: it stands in the text (``link_as_text``).
"""

import re
from typing import Final

#: Schemes that neither run code nor read the device.
SAFE_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
#: Schemes without an address: what follows is a program, or nothing.
CODE_SCHEMES: Final = frozenset({"javascript", "vbscript", "about"})

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
#: The media type of an address that is the data itself.
_DATA = re.compile(r"data:[\w.+/-]{0,100}", re.IGNORECASE)
#: Characters that a browser removes at both ends of an address, and inside it (WHATWG URL).
_EDGES: Final = "".join(map(chr, range(33)))
_INSIDE = str.maketrans("", "", "\t\n\r")


def link_cleaned(address: object) -> str | None:
    """Return an address as a browser reads it; None if a link must not have it.

    An address without a scheme is relative, which is allowed.
    """
    cleaned = _as_read(address)
    scheme = _SCHEME.match(cleaned)
    if not cleaned or (scheme and scheme[1].lower() not in SAFE_SCHEMES):
        return None
    return cleaned


def link_as_text(address: object) -> str:
    """Return an address as text; empty if it has none. Of data, only the media type is shown."""
    cleaned = _as_read(address)
    scheme = _SCHEME.match(cleaned)
    if scheme and scheme[1].lower() in CODE_SCHEMES:
        return ""
    data = _DATA.match(cleaned)
    return f"{data[0]}…" if data else cleaned


def _as_read(address: object) -> str:
    return address.strip(_EDGES).translate(_INSIDE) if isinstance(address, str) else ""
