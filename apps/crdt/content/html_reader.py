"""Reads HTML as blocks of the page's schema: sanitised first, then read tag by tag."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any, Final

from apps.crdt.content.attached import IMAGE, file_id_in, image_of
from apps.crdt.content.bounds import MAX_NODES, MAX_UPDATE_BYTES, OpenMarks, PartCounter
from apps.crdt.content.callouts import CALLOUT, callout_in_html
from apps.crdt.content.html_attributes import (
    block_attributes,
    highlight_of,
    integers_of,
    marks_of_style,
)
from apps.crdt.content.links import link_as_text
from apps.crdt.content.names import BOX, CELL, DETAILS, HEADER, ROW, SUMMARY, TABLE, leaf
from apps.crdt.content.sanitising import html_cleaned_in, html_words
from apps.crdt.content.schema import fit_to_schema
from apps.crdt.content.tables import tables_check
from apps.crdt.content.word_lists import is_marker, list_level, lists_nested
from apps.crdt.content.words import words_of

_MARKS: Final = {
    "a": "link",
    "b": "bold",
    "code": "code",
    "del": "strike",
    "em": "italic",
    "i": "italic",
    "ins": "underline",
    "kbd": "code",
    "mark": "highlight",
    "s": "strike",
    "samp": "code",
    "strike": "strike",
    "strong": "bold",
    "sub": "subscript",
    "sup": "superscript",
    "tt": "code",
    "u": "underline",
}
#: Other tags of a line, with marks by their style, or with none.
_INLINE: Final = frozenset({"label", "math", "mi", "mn", "mo", "mtext", "q", "span"})
#: Parts of a formula, which its form holds apart ("10 6", never "106").
_FORMULA_PARTS: Final = frozenset({"mi", "mn", "mo", "mtext"})
#: The look that other programs give to every link.
_LINK_LOOK: Final = "underline"
_BLOCKS: Final = {
    "blockquote": "blockquote",
    "details": DETAILS,
    "dir": "bulletList",
    "hr": "horizontalRule",
    "li": "listItem",
    "menu": "bulletList",
    "ol": "orderedList",
    "p": "paragraph",
    "pre": "codeBlock",
    "summary": SUMMARY,
    "table": TABLE,
    "td": CELL,
    "th": HEADER,
    "tr": ROW,
    "ul": "bulletList",
    **{f"h{level}": "heading" for level in range(1, 7)},
}
#: Elements that show something at an address; their content is what to show instead.
_EMBEDS: Final = {"audio": "src", "object": "data", "video": "src"}
#: Elements without content, with the attribute of their address.
_LEAVES: Final = {"area": "href", "embed": "src", "img": "src", "source": "src"}
_VOID: Final = frozenset({"hr"})
#: Types of inputs whose value is shown.
_SHOWN_INPUTS: Final = frozenset(
    {"", "button", "date", "email", "number", "search", "submit", "tel", "text", "time", "url"}
)
_SPACES = re.compile(r"[ \t\n\r\f]+")
#: The title, unless the page's content begins before it, where a drawing may have one.
_TITLE = re.compile(r"<(title|body|svg)(?:\s[^<>]*)?>", re.IGNORECASE)
_TITLE_END = re.compile("</title", re.IGNORECASE)

_Json = dict[str, Any]


def html_read(html: str) -> list[_Json]:
    """Return the blocks of an HTML page or fragment, without active content.

    Raises ``NestedTooDeepError``, ``ContentTooLargeError``.
    """
    reader = _Reader()
    reader.feed(html_cleaned_in(html))
    reader.close()
    reader.end()
    content = lists_nested(reader.root["content"])
    tables_check(content)
    return fit_to_schema(content)


def html_title(html: str) -> str:
    """Return the text of the page's title; empty if it has none."""
    tag = _TITLE.search(html)
    end = _TITLE_END.search(html, tag.end()) if tag else None
    if not tag or not end or tag[1].lower() != "title":
        return ""
    return " ".join(unescape(html[tag.end() : end.start()]).split())


class _Reader(HTMLParser):
    """Builds a loose tree of well-formed HTML, for ``fit_to_schema``."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root: _Json = {"type": "doc", "content": []}
        self._open: list[tuple[str, _Json]] = [("", self.root)]
        self._items: list[_Json] = []
        self._tables: list[_Json] = []
        self._marks = OpenMarks()
        #: Open tags of marks, with the number of marks of each.
        self._mark_tags: list[tuple[str, int]] = []
        #: Addresses of the open embeds; empty when a link inside has the same one.
        self._embeds: list[str] = []
        #: The number of texts with words.
        self._texts = 0
        #: Open links: their address, and the number of texts before them.
        self._links: list[tuple[str, int]] = []
        #: Addresses of links with words, and the texts of links without.
        self._linked: set[str] = set()
        self._wordless: dict[str, _Json] = {}
        self._nodes = PartCounter("max_nodes", MAX_NODES)
        self._addresses = PartCounter("max_update_bytes", MAX_UPDATE_BYTES)
        self._verbatim = 0
        #: The number or bullet of a paragraph of Word, while it is read.
        self._marker: str | None = None
        self._marker_depth = 0
        self._has_word_lists = False
        #: The last text of the current line; spaces at its end are not shown.
        self._last: _Json | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a block or a mark, or add a node without content."""
        found = {name: value or "" for name, value in attrs}
        if tag == "br":
            self._break()
        elif tag == "img" and (file_id := file_id_in(found.get("src"))):
            self._image(file_id, found)
        elif tag in _LEAVES:
            self._leaf(_leaf_words(found), found.get(_LEAVES[tag]) or _first_source(found))
        elif tag == "input":
            self._input(found)
        elif tag in _MARKS or tag in _INLINE:
            self._open_marks(tag, found)
        else:
            self._begin(tag, found)

    def handle_endtag(self, tag: str) -> None:
        """Close the block or mark that the tag has opened."""
        if tag in _MARKS or tag in _INLINE:
            if self._mark_tags and self._mark_tags[-1][0] == tag:
                self._close_marks()
        elif len(self._open) > 1 and self._open[-1][0] == tag:
            if tag in _EMBEDS:
                self._end_embed()
            self._end_line()
            self._end(tag)

    def handle_data(self, data: str) -> None:
        """Add text; outside of ``pre``, spaces collapse, and a line does not start with one."""
        if not self._verbatim:
            data = _SPACES.sub(" ", data)
            if self._last is None or self._last["text"].endswith(" "):
                data = data.removeprefix(" ")
        if self._marker is not None:
            self._marker += data
        elif data:
            self._add({"type": "text", "text": data, "marks": self._marks.marks()})

    @property
    def _content(self) -> list[_Json]:
        content: list[_Json] = self._open[-1][1]["content"]
        return content

    def _append(self, node: _Json) -> None:
        self._nodes.add()
        self._content.append(node)

    def _begin(self, tag: str, found: dict[str, str]) -> None:
        self._end_line()
        node: _Json = {"type": _type_of(tag, found), "content": []}
        attributes = block_attributes(tag, found)
        if attributes:
            node["attrs"] = attributes
        if tag == "p" and (level := list_level(found.get("style", ""))):
            node["list_level"] = level
            self._has_word_lists = True
        if tag == "table":
            if self._tables:
                self._tables[-1]["type"] = BOX  # a table around another one lays out a page
            self._tables.append(node)
        self._append(node)
        if tag in _VOID:
            return
        self._open.append((tag, node))
        self._verbatim += tag == "pre"
        if tag == "li":
            self._items.append(node)
        if tag in _EMBEDS:
            self._embeds.append(found.get(_EMBEDS[tag], ""))

    def _end(self, tag: str) -> None:
        _, node = self._open.pop()
        if tag == "p" and "is_title" in node["attrs"]:
            self._content.pop()  # the word by which a page shows the kind of a callout
        if self._has_word_lists:
            node["content"] = lists_nested(node["content"])
        if tag == "table":
            self._tables.pop()
        if tag == "figcaption" and self._content and self._content[0]["type"] == IMAGE:
            self._content[0]["attrs"]["caption"] = words_of(self._content.pop())
        if tag == "li":
            self._items.pop()
        elif tag == "ol" and "reversed" in node["attrs"]:
            _number_downwards(node)
        elif tag == "pre":
            self._verbatim -= 1
            _without_last_line_end(node)

    def _end_embed(self) -> None:
        """Close an embed: its words are a link to its address, or the address follows them."""
        address = self._embeds.pop()
        content = self._content
        if not address:
            return
        if content and all(child["type"] == "text" and not _link_of(child) for child in content):
            self._addresses.add(len(address))
            for child in content:
                child["marks"].append(_link(address))
        else:
            self._leaf("", address)

    def _open_marks(self, tag: str, found: dict[str, str]) -> None:
        marks: list[_Json] = []
        if tag == "span":
            style = found.get("style", "")
            marks = marks_of_style(style)
            if self._links:
                marks = [mark for mark in marks if mark["type"] != _LINK_LOOK]
            if self._marker is None and is_marker(style) and "list_level" in self._open[-1][1]:
                self._marker, self._marker_depth = "", len(self._mark_tags)
        elif tag == "a":
            marks = [_link(found.get("href", ""), found.get("title"))]
            self._links.append((found.get("href", ""), self._texts))
        elif tag == "mark":
            marks = [highlight_of(found)]
        elif tag in _MARKS and not (tag == "code" and self._verbatim):
            marks = [{"type": _MARKS[tag]}]
        elif tag == "q":
            self.handle_data("“")
        elif tag in _FORMULA_PARTS:
            self.handle_data(" ")
        for mark in marks:
            self._nodes.add()
            self._marks.push(mark)
        self._mark_tags.append((tag, len(marks)))

    def _close_marks(self) -> None:
        tag, count = self._mark_tags.pop()
        if tag == "q":
            self.handle_data("”")
        for _ in range(count):
            self._marks.pop()
        if self._marker is not None and len(self._mark_tags) == self._marker_depth:
            self._open[-1][1]["list_marker"], self._marker = self._marker, None
        if tag == "a":
            self._end_link(*self._links.pop())

    def _end_link(self, address: str, texts: int) -> None:
        """Show the address of a link without words, unless it is a place in the page."""
        is_shown = address in self._linked or address in self._wordless
        is_place = address.startswith("#")
        if texts == self._texts and link_as_text(address) and not (is_shown or is_place):
            self._leaf("", address)
            self._wordless[address] = self._content[-1]
            self._linked.discard(address)

    def end(self) -> None:
        """End the last line; leave out the addresses of links without words that others have.

        A parser makes such a link of one that is closed in another block than it was opened in.
        """
        self._end_line()
        for address in self._linked & self._wordless.keys():
            self._wordless[address]["text"] = ""

    def _add(self, text: _Json) -> None:
        """Add a text. Each text under a link has the link's address, which is counted."""
        link = _link_of(text)
        if link and not (self._last and _link_of(self._last) is link):
            self._addresses.add(len(link["attrs"]["href"]))
            self._linked.add(link["attrs"]["href"])
            if self._embeds and self._embeds[-1] == link["attrs"]["href"]:
                self._embeds[-1] = ""
        self._texts += bool(text["text"].strip())
        self._last = text
        self._append(text)

    def _break(self) -> None:
        self._end_line()
        self._append({"type": "hardBreak", "marks": self._marks.marks()})

    def _end_line(self) -> None:
        if self._last is not None and not self._verbatim:
            self._last["text"] = self._last["text"].removesuffix(" ")
        self._last = None

    def _leaf(self, words: str, address: str) -> None:
        found = leaf(words, address, self._marks.marks())
        if found["text"]:
            self._add(found)

    def _image(self, file_id: str, found: dict[str, str]) -> None:
        """Add a picture of the document; it is a block of its own."""
        self._end_line()
        words = {name: found[name] for name in ("alt",) if name in found}
        self._append(image_of(file_id, **words, **integers_of(found, "width")))

    def _input(self, found: dict[str, str]) -> None:
        """Turn the list item around a checkbox into a task; keep the words of another input."""
        kind = found.get("type", "").lower()
        is_checked = "checked" in found
        if kind == "checkbox" and self._items:
            attributes = self._items[-1].get("attrs", {}) | {"checked": is_checked}
            self._items[-1] |= {"type": "taskItem", "attrs": attributes}
        elif kind in ("checkbox", "radio"):
            self.handle_data("☑ " if is_checked else "☐ ")
        elif kind in _SHOWN_INPUTS:
            self.handle_data(found.get("value", ""))


def _type_of(tag: str, found: dict[str, str]) -> str:
    own = found.get("data-type", "")
    if (tag, own) in (("ul", "taskList"), ("li", "taskItem")):
        return own
    return CALLOUT if callout_in_html(tag, found) else _BLOCKS.get(tag, BOX)


def _leaf_words(found: dict[str, str]) -> str:
    """Return the words of an element without content; a frame may have its page as a text."""
    return found.get("alt") or found.get("title") or html_words(found.get("srcdoc", ""))


def _first_source(found: dict[str, str]) -> str:
    """Return the first address of an image that names one for each size; empty if none does."""
    return next(iter(found.get("srcset", "").partition(",")[0].split()), "")


def _link(address: str, title: str | None = None) -> _Json:
    return {"type": "link", "attrs": {"href": address, "title": title}}


def _link_of(text: _Json) -> _Json | None:
    return next((mark for mark in text["marks"] if mark["type"] == "link"), None)


def _number_downwards(node: _Json) -> None:
    """Give each item of a reversed list its number."""
    items = [child for child in node["content"] if child["type"] in ("listItem", "taskItem")]
    number = node["attrs"].get("start", len(items))
    for item in items:
        attributes = item.setdefault("attrs", {})
        number = attributes.setdefault("value", number) - 1


def _without_last_line_end(node: _Json) -> None:
    """Remove the line end before the end of a code block, which a browser does not show."""
    if node["content"] and node["content"][-1]["type"] == "text":
        last = node["content"][-1]
        last["text"] = last["text"].removesuffix("\n")
