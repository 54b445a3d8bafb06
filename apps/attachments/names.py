"""Names of files, as they are stored and sent to browsers. Pure."""

import re
import unicodedata
from typing import Final

#: Longest name, in characters: 255 bytes are allowed by most file systems.
NAME_MAX_CHARS: Final = 120
#: Control characters, marks that turn the direction of text round ("exe.jpg"), and the characters
#: that some system does not allow.
_NOT_IN_NAMES: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff:*?"<>|]+'
)


def name_clean(text: str) -> str:
    """Return the last part of a path as a name that every system allows; "file" for none."""
    last = re.split(r"[/\\]", text)[-1]
    words = _NOT_IN_NAMES.sub(" ", unicodedata.normalize("NFC", last)).split()
    name = " ".join(words).strip(". ")
    if len(name) > NAME_MAX_CHARS:
        stem, dot, ending = name.rpartition(".")
        has_ending = dot and len(ending) <= 10
        kept = NAME_MAX_CHARS - len(ending) - 1 if has_ending else NAME_MAX_CHARS
        name = f"{stem[:kept]}.{ending}" if has_ending else name[:kept]
    return name or "file"
