"""Sanitises HTML by nh3 (Ammonia), both on import and on export."""

import re
from html import unescape
from typing import Final

import nh3

from apps.crdt.content.links import CODE_SCHEMES, SAFE_SCHEMES, link_as_text, link_cleaned
from apps.crdt.content.parser_bomb_guard import html_bounded


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


#: Tags that ``html_writer`` writes.
_WRITTEN: Final = _tags(
    "a blockquote br code details div em figcaption figure h1 h2 h3 h4 h5 h6 hr img input label li "
    "mark ol p pre s strong sub summary sup table tbody td th tr u ul"
)
#: Tags that ``html_reader`` reads, or that end a line. Of any other tag, the words are kept.
_READ: Final = _WRITTEN | _tags(
    "address area article aside audio b body caption center dd del dialog dir dl dt embed "
    "fieldset footer form header hgroup i ins kbd legend main math "
    "menu mi mn mo mtext nav object optgroup option q samp search section source span strike "
    "svg text textarea tfoot thead tt video"
)
#: Tags that are removed with their content: a browser with scripts shows none of it.
_DROPPED: Final = _tags("annotation head noembed noframes noscript script style template title")
#: Tags by whose rules browsers show nothing else: read as the tag whose content is the same.
_REPLACED: Final = {
    "frame": "embed",
    "frameset": "div",
    "iframe": "embed",
    "listing": "pre",
    "plaintext": "pre",
    "xmp": "pre",
}
_REPLACED_TAG = re.compile(rf"<(/?)({'|'.join(_REPLACED)})(?=[\s/>])", re.IGNORECASE)
#: A tag for bold around what is not bold, as Google Docs puts it around all that is copied.
_NOT_BOLD = re.compile(r"<b(?=\s[^<>]{0,1000}font-weight:\s{0,9}(?:normal|[1-4]00))", re.IGNORECASE)
#: Blocks with lines that may stand at the left, in the centre, at the right.
_ALIGNED: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_CELL: Final = {"align", "colspan", "colwidth", "rowspan", "style"}
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "a": {"href", "title"},
    "area": {"alt", "href", "title"},
    "audio": {"src"},
    "blockquote": {"data-callout"},
    "code": {"class"},
    "div": {"class", "data-type"},
    "embed": {"src", "srcdoc", "title"},
    "img": {"alt", "src", "srcset", "title", "width"},
    "input": {"type", "checked", "disabled", "value"},
    **{tag: {"align", "class", "style"} for tag in _ALIGNED},
    "li": {"data-type", "data-checked", "value"},
    "object": {"data"},
    "ol": {"reversed", "start", "type"},
    "mark": {"data-color", "style"},
    "pre": {"class"},
    "source": {"src"},
    "span": {"style"},
    "td": _CELL,
    "th": _CELL,
    "ul": {"data-type"},
    "video": {"src"},
}
_ALIGNMENT = re.compile("text-align: (?:left|center|right|justify)")
_ADDRESSES: Final = frozenset({"data", "href", "src"})
#: Anything that may be the scheme of an address; bounded, so that the search is linear.
_SCHEME = re.compile(r"\b([a-z][a-z0-9+.-]{0,30}):", re.IGNORECASE)


def html_cleaned_in(html: str) -> str:
    """Return well-formed HTML with the tags that ``html_reader`` reads, without active content.

    Addresses keep their schemes, except those of code: ``lines`` decides which ones are links.
    Raises ``NestedTooDeepError``.
    """
    readable = _REPLACED_TAG.sub(lambda tag: f"<{tag[1]}{_REPLACED[tag[2].lower()]}", html)
    readable = _NOT_BOLD.sub("<span", readable)
    schemes = {scheme.lower() for scheme in _SCHEME.findall(readable)} - CODE_SCHEMES
    return nh3.clean(
        html_bounded(readable),
        tags=set(_READ),
        clean_content_tags=set(_DROPPED),
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute_in,
        url_schemes=schemes | SAFE_SCHEMES,
        link_rel=None,
        strip_comments=True,
    )


def html_words(html: str) -> str:
    """Return the words of an HTML page, those of each element apart.

    Raises ``NestedTooDeepError``.
    """
    apart = html_bounded(html).replace("<", " <")
    words = nh3.clean(apart, tags=set(), clean_content_tags=set(_DROPPED), strip_comments=True)
    return " ".join(unescape(words).split())


def html_cleaned_out(html: str) -> str:
    """Return HTML with only the tags that ``html_writer`` writes."""
    return nh3.clean(
        html,
        tags=set(_WRITTEN),
        clean_content_tags=set(_DROPPED),
        attributes={tag: _ATTRIBUTES.get(tag, set()) - {"srcset"} | {"dir"} for tag in _WRITTEN},
        attribute_filter=_attribute_out,
        url_schemes=set(SAFE_SCHEMES),
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _attribute_in(_tag: str, name: str, value: str) -> str | None:
    """Bound addresses that are no links: of data, only the media type is read."""
    if name not in _ADDRESSES:
        return value
    return link_cleaned(value) or link_as_text(value) or None


def _attribute_out(tag: str, name: str, value: str) -> str | None:
    """Remove addresses that the page does not allow, and all styles but an alignment."""
    if name == "style":
        return value if tag in _ALIGNED and _ALIGNMENT.fullmatch(value) else None
    return link_cleaned(value) if name in _ADDRESSES else value
