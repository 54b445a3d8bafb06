"""Callouts: notes of four kinds, by the names that other programs have for them."""

import re
from typing import Final

CALLOUT: Final = "callout"
INFO: Final = "info"
#: Names of GitHub, Confluence, Outline and others.
_KINDS: Final = {
    "caution": "danger",
    "danger": "danger",
    "error": "danger",
    "important": INFO,
    INFO: INFO,
    "note": INFO,
    "success": "tip",
    "tip": "tip",
    "warning": "warning",
}
#: Kinds as GitHub's Markdown names them.
GITHUB: Final = {INFO: "NOTE", "tip": "TIP", "warning": "WARNING", "danger": "CAUTION"}
#: The first line of a quote that is a callout.
_MARKER = re.compile(
    r"\[!(note|tip|important|warning|caution|info|danger)\](?:[ \t]+|\n|\Z)", re.IGNORECASE
)
#: Classes of boxes in the pages of GitHub, Confluence and Outline.
_CLASS = re.compile(
    r"(?:^|\s)(?:markdown-alert-|confluence-information-macro-|notice-block\s+)([a-z]{1,20})"
)
#: The class of the line by which GitHub shows the kind.
TITLE_CLASS: Final = "markdown-alert-title"


def callout_kind(name: object) -> str:
    """Return the kind of a callout by any of its names."""
    return _KINDS.get(name.lower(), INFO) if isinstance(name, str) else INFO


def callout_in_html(tag: str, found: dict[str, str]) -> str | None:
    """Return the kind of the callout that a tag begins; None for any other tag."""
    if tag == "blockquote" and "data-callout" in found:
        return callout_kind(found["data-callout"])
    if tag == "div" and (named := _CLASS.search(found.get("class", ""))):
        return callout_kind(named[1])
    return INFO if tag == "aside" else None


def callout_in_markdown(line: str) -> tuple[str, str] | None:
    """Return the kind of a callout by the first line of its quote, and the text behind its name."""
    found = _MARKER.match(line)
    return (callout_kind(found[1]), line[found.end() :]) if found else None
