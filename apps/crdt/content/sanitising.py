"""Hostile HTML made harmless by nh3 (Ammonia): on the way in, and once more on the way out."""

from typing import Final

import nh3

from apps.crdt.content.links import SAFE_SCHEMES, link_cleaned
from apps.crdt.content.parser_bomb_guard import html_bounded


def _tags(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: What our own HTML is made of.
_WRITTEN: Final = _tags(
    "a blockquote br code div em h1 h2 h3 hr input label li ol p pre s strong ul"
)
#: What is understood of others' HTML besides, or ends a line in it.
_READ: Final = _WRITTEN | _tags(
    "address article aside b body caption center dd del details dir dl dt fieldset "
    "figcaption figure footer form h4 h5 h6 header hgroup i img kbd main menu nav samp "
    "section strike summary table tbody td tfoot th thead tr tt"
)
#: What goes away with all that is in it.
_DROPPED: Final = _tags(
    "applet audio canvas embed frameset head iframe math noembed noframes noscript object "
    "script select style svg template textarea title video xmp"
)
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "a": {"href", "title"},
    "code": {"class"},
    "pre": {"class"},
    "img": {"alt", "src"},
    "input": {"type", "checked", "disabled"},
    "li": {"data-type", "data-checked"},
    "ol": {"start", "type"},
    "ul": {"data-type"},
}


def html_cleaned_in(html: str) -> str:
    """Return well-formed HTML with the tags that ``html_reading`` knows and nothing that acts.

    Raises ``NestedTooDeepError``.
    """
    return _clean(html_bounded(html), _READ)


def html_cleaned_out(html: str) -> str:
    """Return HTML with nothing in it but what ``html_writing`` writes."""
    return _clean(html, _WRITTEN)


def _clean(html: str, tags: frozenset[str]) -> str:
    return nh3.clean(
        html,
        tags=set(tags),
        clean_content_tags=set(_DROPPED),
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes=set(SAFE_SCHEMES),
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Keep of addresses only those that the page would keep."""
    return link_cleaned(value) if name in ("href", "src") else value
