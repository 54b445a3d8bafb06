"""HTML in Markdown: which of it is HTML, and a text with it as one page of HTML.

CommonMark lets HTML begin in one block and end in another, so a text with HTML is read as the page
that it describes. A tag that HTML does not have (``List<String>``), and a tag or comment that does
not end, stand in the text as they are written. A comment is for authors and is left out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final, Literal, NamedTuple

from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token

#: Elements of HTML, also of its former versions.
_NAMES: Final = """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo big blockquote
    body br button canvas caption center cite code col colgroup data datalist dd del details dfn
    dialog dir div dl dt em embed fieldset figcaption figure font footer form frame frameset h1 h2
    h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link main map
    mark marquee menu meta meter nav nobr object ol optgroup option output p param picture pre
    progress q rp rt ruby s samp search section select small source span strike strong sub summary
    sup table tbody td tfoot th thead time tr track tt u ul var video wbr
"""
_ELEMENTS: Final = frozenset(_NAMES.split())
#: Elements whose content is not read as HTML. They are HTML only where they end in their block.
_CLOSED: Final = frozenset(
    {"math", "noscript", "script", "style", "svg", "template", "textarea", "title"}
)
_CLOSED_END: Final = {name: re.compile(f"</{name}\\s*>", re.IGNORECASE) for name in _CLOSED}
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*>")
#: The tags of marks that Markdown has no delimiters for.
_MARK_TAG = re.compile(
    r"<(/?)(mark|su[bp]|u)(?:\s+data-color=[\"']?([a-z]{1,10})[\"']?)?\s*>", re.IGNORECASE
)
#: The start of a part to unfold, with its summary in one line, and its end.
_DETAILS = re.compile(r"<details>\s*(?:<summary>([^\n]*)</summary>)?", re.IGNORECASE)
_DETAILS_END: Final = "</details>"
_DETAILS_OPEN: Final = "details_open"
_DOCTYPE = re.compile(r"<!doctype\s[^<>]*>", re.IGNORECASE)
_COMMENT: Final = "<!--"
_COMMENT_END: Final = "-->"


class _Piece(NamedTuple):
    """A part of a block of HTML: elements and the text between them, or what is no HTML."""

    words: str
    is_element: bool = False
    is_html: bool = True


def has_html(tokens: Iterable[Token]) -> bool:
    """Return whether a text has an element of HTML."""
    return any(
        any(piece.is_element for piece in _pieces(token.content))
        if token.type == "html_block"
        else any(child.type == "html_inline" and _inline(child) for child in token.children or ())
        for token in tokens
    )


def html_as_text(token: Token) -> str:
    """Return the text of HTML that is none (``has_html``): as it is written, without comments."""
    content = token.content
    if token.type == "html_inline":
        return "" if content.startswith(_COMMENT) else content
    return _written_words(_pieces(content))


def page_written(tokens: Sequence[Token]) -> str:
    """Return a text as HTML."""
    return "".join(part for token in tokens for part in _written(token))


def _written(token: Token) -> Iterator[str]:
    if token.type == "inline":
        yield from (_line_part(child) for child in token.children or ())
    elif token.type in ("html_block", "details", _DETAILS_OPEN):
        yield _block(token.content)
    elif token.type in ("fence", "code_block"):
        language = language_of(token)
        words = escape(token.content)
        yield f'<pre><code class="language-{escape(language)}">{words}</code></pre>'
    else:
        yield "\n" if token.hidden else _tag(token)
        if "checked" in token.meta:
            yield f'<input type="checkbox"{" checked" if token.meta["checked"] else ""}>'


def _line_part(token: Token) -> str:
    if token.type == "html_inline":
        return _inline(token) or escape(html_as_text(token))
    if token.type == "image":
        words, address = escape(words_within(token)), escape(str(token.attrGet("src")))
        title = escape(str(token.attrGet("title") or ""))
        return f'<img alt="{words}" src="{address}" title="{title}">'
    if token.type == "softbreak":
        return "\n"
    if token.type == "code_inline":
        return f"<code>{escape(token.content)}</code>"
    return _tag(token) if token.tag else escape(token.content)


def language_of(token: Token) -> str:
    """Return the language of a code block: the first word of what stands after its fence."""
    return next(iter(unescapeAll(token.info).split()), "")


def words_within(token: Token) -> str:
    """Return the words of an image's description, without its marks."""
    words: list[str] = []
    stack = [token]
    while stack:
        current = stack.pop()
        if current.children:
            stack += current.children[::-1]
        else:
            words.append(" " if current.type.endswith("break") else current.content)
    return "".join(words)


def _tag(token: Token) -> str:
    # Of styles Markdown has one, the alignment of a cell.
    found = {
        "align" if name == "style" else name: str(value).removeprefix("text-align:")
        for name, value in token.attrs.items()
    }
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in found.items())
    name = {"hardbreak": "br"}.get(token.type, token.tag)
    return f"</{name}>" if token.nesting < 0 else f"<{name}{attributes}>"


# --- tags of marks --------------------------------------------------------------------------------


def mark_tags_paired(tokens: Iterable[Token]) -> None:
    """Make marks of tags, as of ``<u>`` and ``</u>``, that nest well; others are read as HTML."""
    opened: list[Token] = []
    for token in tokens:
        tag = _MARK_TAG.fullmatch(token.content) if token.type == "html_inline" else None
        if token.nesting > 0 or (tag and not tag[1]):
            opened.append(token)
        elif tag and opened and _tag_name(opened[-1]) == _tag_name(token):
            _make_mark(opened.pop(), 1)
            _make_mark(token, -1)
        elif token.nesting < 0:
            while opened.pop().type == "html_inline":
                continue


def _tag_name(token: Token) -> str:
    """Return the name of a tag of a mark; empty for another token."""
    tag = _MARK_TAG.fullmatch(token.content) if token.type == "html_inline" else None
    return tag[2].lower() if tag else ""


def _make_mark(token: Token, nesting: Literal[1, -1]) -> None:
    tag = _MARK_TAG.fullmatch(token.content)
    if tag and tag[3]:
        token.attrs["data-color"] = tag[3]
    token.tag, token.nesting, token.content = _tag_name(token), nesting, ""
    token.type = "mark_open" if nesting > 0 else "mark_close"


# --- parts to unfold ------------------------------------------------------------------------------


def details_paired(tokens: Iterable[Token]) -> None:
    """Make containers of ``<details>`` that nest well; others are read as HTML."""
    opened: list[Token] = []
    for token in tokens:
        content = token.content.strip() if token.type == "html_block" else ""
        if token.nesting > 0 or _DETAILS.fullmatch(content):
            opened.append(token)
        elif content == _DETAILS_END and opened and opened[-1].type == "html_block":
            start = opened.pop()
            start.type, start.nesting, token.type, token.nesting = _DETAILS_OPEN, 1, "details", -1
        elif token.nesting < 0:
            while opened.pop().type == "html_block":
                continue


def summary_of(token: Token) -> str | None:
    """Return the summary of a part to unfold, as HTML; None for any other token."""
    found = _DETAILS.fullmatch(token.content.strip()) if token.type == _DETAILS_OPEN else None
    return found[1] or "" if found else None


# --- what is HTML --------------------------------------------------------------------------------


def _inline(token: Token) -> str:
    """Return a tag in a line as HTML; empty if it is none."""
    tag = _TAG.fullmatch(token.content)
    return token.content if tag and tag[2].lower() in _ELEMENTS else ""


def _block(content: str) -> str:
    """Return a block of HTML, in which all that is no HTML is escaped."""
    pieces = list(_pieces(content))
    written = "".join(piece.words if piece.is_html else escape(piece.words) for piece in pieces)
    if any(piece.is_element for piece in pieces):
        return written
    lines = _written_words(pieces)
    return f"<p>{escape(lines)}</p>".replace("\n", "<br>") if lines else ""


def _written_words(pieces: Iterable[_Piece]) -> str:
    words = "".join(piece.words for piece in pieces)
    return words.strip("\n") if words.strip() else ""


def _pieces(content: str) -> Iterator[_Piece]:
    """Yield the pieces of a block of HTML; comments are left out."""
    at = 0
    missing: set[str] = set()  # what does not end in this block
    while (start := content.find("<", at)) >= 0:
        if start > at:
            yield _Piece(content[at:start])
        at = start + 1
        if content.startswith(_COMMENT, start):
            end = -1 if _COMMENT in missing else content.find(_COMMENT_END, start + 2)
            if end >= 0:
                at = end + len(_COMMENT_END)
                continue
            missing.add(_COMMENT)
        if doctype := _DOCTYPE.match(content, start):
            at = doctype.end()
            continue
        piece = _element(content, start, missing)
        at = max(at, start + len(piece.words))
        yield piece
    yield _Piece(content[at:])


def _element(content: str, start: int, missing: set[str]) -> _Piece:
    """Return the tag that starts here; one without an end, or that HTML does not have, is text."""
    tag = _TAG.match(content, start)
    name = tag[2].lower() if tag else ""
    if not tag:
        return _Piece("<", is_html=False)
    if name not in _CLOSED:
        is_known = name in _ELEMENTS
        return _Piece(tag[0], is_element=is_known, is_html=is_known)
    end = None if tag[1] or name in missing else _CLOSED_END[name].search(content, tag.end())
    if not end:
        missing.add(name)
        return _Piece(tag[0], is_html=False)
    return _Piece(content[start : end.end()], is_element=True)
