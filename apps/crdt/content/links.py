"""Allowed addresses of links; the same rule as the page's (``static/js/lib/links.js``)."""

import re
from typing import Final

#: Schemes that neither run code nor read the device.
SAFE_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
#: Characters that a browser removes at both ends of an address, and inside it (WHATWG URL).
_EDGES: Final = "".join(map(chr, range(33)))
_INSIDE = str.maketrans("", "", "\t\n\r")


def link_cleaned(address: object) -> str | None:
    """Return an address as a browser reads it; None if a link must not have it.

    An address without a scheme is relative, which is allowed.
    """
    if not isinstance(address, str):
        return None
    cleaned = address.strip(_EDGES).translate(_INSIDE)
    scheme = _SCHEME.match(cleaned)
    if not cleaned or (scheme and scheme[1].lower() not in SAFE_SCHEMES):
        return None
    return cleaned
