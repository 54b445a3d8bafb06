"""Front matter: the data before a Markdown text, which static site generators and notes have.

CommonMark reads ``---`` lines around ``title: My note`` as a rule and a heading. Here the data is a
block of code, and its title is the document's.
"""

import json
import re
from typing import Final, NamedTuple

#: Fences, with the language between them.
_FENCES: Final = {"---": "yaml", "+++": "toml"}
_MAX_LINES: Final = 1_000
_KEY = re.compile(r"[\w.-]{1,100}[ \t]*[:=](?:[ \t]|$)|\[[\w.-]{1,100}\]|#")
_TITLE = re.compile(r"title[ \t]*[:=][ \t]*(.+)", re.IGNORECASE)
#: First characters of a value that is no text on one line.
_NO_TEXT: Final = frozenset("|>[{&*!#")
_LINE_ENDS = re.compile(r"\r\n?")


class FrontMatter(NamedTuple):
    """The data before a text: its language, its lines, its title, and the text after it."""

    language: str
    data: str
    title: str
    rest: str


def front_matter_split(text: str) -> FrontMatter:
    """Return the front matter of a text; without one, only ``rest`` has content."""
    none = FrontMatter("", "", "", text)
    fence = text[:3]
    if fence not in _FENCES:
        return none
    lines = _LINE_ENDS.sub("\n", text).split("\n", _MAX_LINES)
    if lines[0].rstrip() != fence:
        return none
    ends = (fence, "...") if fence == "---" else (fence,)
    end = next((at for at, line in enumerate(lines) if at and line.rstrip() in ends), 0)
    data = lines[1:end]
    said = [line for line in data if line.strip()]
    if not said or not _KEY.match(said[0]):
        return none
    titles = [(at, found[1]) for at, line in enumerate(data) if (found := _TITLE.match(line))]
    title = _unquoted(titles[0][1]) if titles else ""
    if title:  # It is the document's title.
        del data[titles[0][0]]
    kept = "\n".join(data) if any(line.strip() for line in data) else ""
    return FrontMatter(_FENCES[fence], kept, title, "\n".join(lines[end + 1 :]))


def _unquoted(value: str) -> str:
    """Return the text of a plain or quoted value."""
    value = value.strip()
    if value[:1] in _NO_TEXT:
        return ""
    if value[:1] == '"':
        try:
            found = json.loads(value)
        except ValueError:
            return value
        return found if isinstance(found, str) else value
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    return value.partition(" #")[0].rstrip()
