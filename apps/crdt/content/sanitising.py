"""Sanitises HTML by nh3 (Ammonia), both on import and on export."""

from typing import Final

import nh3

from apps.crdt.content.links import SAFE_SCHEMES, link_cleaned
from apps.crdt.content.parser_bomb_guard import html_bounded


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


#: Tags that ``html_writer`` writes.
_WRITTEN: Final = _tags(
    "a blockquote br code div em h1 h2 h3 hr input label li ol p pre s strong ul"
)
#: Tags that ``html_reader`` reads, or that end a line.
_READ: Final = _WRITTEN | _tags(
    "address article aside b body caption center dd del details dir dl dt fieldset "
    "figcaption figure footer form h4 h5 h6 header hgroup i img kbd main menu nav samp "
    "section strike summary table tbody td tfoot th thead tr tt"
)
#: Tags that are removed with their content.
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
    """Return well-formed HTML with the tags that ``html_reader`` reads, without active content.

    Raises ``NestedTooDeepError``.
    """
    return _clean(html_bounded(html), _READ)


def html_cleaned_out(html: str) -> str:
    """Return HTML with only the tags that ``html_writer`` writes."""
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
    """Remove addresses that the page does not allow."""
    return link_cleaned(value) if name in ("href", "src") else value
