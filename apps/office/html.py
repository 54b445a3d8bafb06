"""The HTML between us and pandoc: small differences, both ways."""

import re
from collections import Counter
from html import escape, unescape
from typing import Final

#: The start of a task as we write it, and of a task as pandoc understands it: a box as a character.
_TASK: Final = re.compile(
    r'<li data-type="taskItem"[^>]*><label><input type="checkbox"( checked="")?[^>]*></label>'
    r"<div>(<p[^>]*>)"
)
_TASK_END: Final = "</div></li>"
_BOXES: Final = {True: "\u2612 ", False: "\u2610 "}
_LINK: Final = re.compile(r'<a href="([^"]*)"[^>]*>')
_ID: Final = re.compile(r'\sid="([^"]*)"')
#: Longest address of a link in a PDF, by typst, in bytes.
_PDF_ADDRESS_MAX: Final = 8_000
#: The title once more, which pandoc writes above a chapter of a book that has no heading.
_BOOK_TITLE: Final = re.compile(
    r'(<h1>([^\n]*)</h1>\n(?:(?!<h1)[^\n]*\n)*?<section[^>]*>\n)<h1 class="unnumbered">\2</h1>()'
)
#: A quote of several paragraphs in ODT, where pandoc makes each one a quote.
_QUOTE_GOES_ON: Final = re.compile(r"</blockquote>\n<blockquote>\n")
#: Places of an EPUB's files, which pandoc marks by empty paragraphs.
_FILE_MARK: Final = re.compile(r'<p><span id="[^"]*"></span></p>\n?')
#: A task of an EPUB, where pandoc leaves the character of the box.
_BOXED: Final = re.compile(r"(<li>(?:<p>)?)<label>([\u2610\u2612]) ")
#: The rows of heads that begin a table as we write it; a cell that spans rows could leave them.
_HEAD: Final = re.compile(r"<tbody>\n((?:<tr>(?:(?!<td|</tr>| rowspan=)[\s\S])*</tr>\n)+)(?=<tr>)")
#: The colour of a highlighted text, with which pandoc would leave out that it is one.
_HIGHLIGHT: Final = re.compile(r'<mark data-color="[a-z]*">')
_CODE_LANGUAGE: Final = re.compile(r'<code class="language-[^"]*">')
#: The way back from a footnote, which has no sense beside our own undo of a link.
_NOTE_BACK: Final = re.compile(r'<a href="#fnref\d+" class="footnote-back"[^>]*>[^<]*</a>')


def html_for_pandoc(html: str, *, title: str, title_in_text: bool) -> str:
    """Return an export as HTML with what pandoc understands: a title, boxes, rows of heads.

    ``title`` is metadata; with ``title_in_text`` it is the first heading instead.
    """
    tasks = _TASK.sub(lambda found: f"<li>{found[2]}{_BOXES[bool(found[1])]}", html)
    tasks = _HEAD.sub(r"<thead>\n\1</thead>\n<tbody>\n", tasks.replace(_TASK_END, "</li>"))
    own = "" if title_in_text else f"<title>{escape(title)}</title>"
    heading = f"<body>\n<h1>{escape(title)}</h1>" if title and title_in_text else "<body>"
    named = tasks.replace("<title></title>", own, 1).replace("<body>", heading, 1)
    return _HIGHLIGHT.sub("<mark>", named)


def html_for_pdf(html: str) -> str:
    """Return HTML without the links that typst refuses: empty, too long, to a place not there."""
    ids = Counter(_ID.findall(html))

    def link(found: re.Match[str]) -> str:
        address = unescape(found[1])
        is_place = address.startswith("#") and ids[found[1][1:]] != 1
        is_long = len(address.encode("utf-8", "replace")) > _PDF_ADDRESS_MAX
        return "<a>" if not address.strip() or is_place or is_long else found[0]

    return _LINK.sub(link, html)


def html_from_pandoc(html: str, *, title: str = "") -> str:
    """Return pandoc's HTML as an import reads it.

    If ``title`` is given and the first paragraph says it, that paragraph becomes the title.
    """
    cleaned = _BOOK_TITLE.sub(r"\1\3", html)
    cleaned = _QUOTE_GOES_ON.sub("", cleaned)
    cleaned = _BOXED.sub(_box, _NOTE_BACK.sub("", _FILE_MARK.sub("", cleaned)))
    if not title or "<title>" in cleaned:
        return cleaned
    words = escape(title, quote=False)
    first = re.compile(rf"(<body>\s*)<p>(?:<strong>)?{re.escape(words)}(?:</strong>)?</p>")
    cleaned = first.sub(lambda found: f"{found[1]}<h1>{words}</h1>", cleaned, count=1)
    return cleaned.replace("<head>", f"<head><title>{words}</title>", 1)


def html_without_languages(html: str) -> str:
    """Return HTML whose code has no language: pandoc styles such code as code in Word."""
    return _CODE_LANGUAGE.sub("<code>", html)


def _box(found: re.Match[str]) -> str:
    checked = " checked" if found[2] == _BOXES[True][0] else ""
    return f'{found[1]}<label><input type="checkbox"{checked}>'
