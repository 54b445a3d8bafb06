"""Reads HTML as blocks of the page's schema: sanitised first, then read tag by tag."""

import re
from html.parser import HTMLParser
from typing import Any, Final

from apps.crdt.content.bounds import MAX_NODES, OpenMarks, PartCounter
from apps.crdt.content.links import link_cleaned
from apps.crdt.content.sanitising import html_cleaned_in
from apps.crdt.content.schema import fit_to_schema

_MARKS: Final = {
    "a": "link",
    "b": "bold",
    "code": "code",
    "del": "strike",
    "em": "italic",
    "i": "italic",
    "kbd": "code",
    "s": "strike",
    "samp": "code",
    "strike": "strike",
    "strong": "bold",
    "tt": "code",
}
_BLOCKS: Final = {
    "blockquote": "blockquote",
    "dir": "bulletList",
    "hr": "horizontalRule",
    "li": "listItem",
    "menu": "bulletList",
    "ol": "orderedList",
    "p": "paragraph",
    "pre": "codeBlock",
    "tr": "paragraph",
    "ul": "bulletList",
    **{f"h{level}": "heading" for level in range(1, 7)},
}
_CELLS: Final = frozenset({"td", "th"})
#: Inline tags that are no marks.
_INLINE: Final = frozenset({"label"})
_CELLS_APART: Final = " | "
_SPACES = re.compile(r"[ \t\n\r\f]+")
_LANGUAGE = re.compile(r"(?:^|\s)lang(?:uage)?-(\S+)")

_Json = dict[str, Any]


def html_read(html: str) -> list[_Json]:
    """Return the blocks of an HTML page or fragment, without active content.

    Raises ``NestedTooDeepError``, ``ContentTooLargeError``.
    """
    reader = _Reader()
    reader.feed(html_cleaned_in(html))
    reader.close()
    return fit_to_schema(reader.root["content"])


class _Reader(HTMLParser):
    """Builds a loose tree of well-formed HTML, for ``fit_to_schema``."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root: _Json = {"type": "doc", "content": []}
        self._open: list[tuple[str, _Json]] = [("", self.root)]
        self._items: list[_Json] = []
        self._marks = OpenMarks()
        self._mark_tags: list[str] = []
        self._nodes = PartCounter("max_nodes", MAX_NODES)
        self._verbatim = 0
        #: The last text of the current line; spaces at its end are not shown.
        self._last: _Json | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a block or a mark, or add a node without content."""
        found = {name: value or "" for name, value in attrs}
        if tag == "br":
            self._break()
        elif tag == "img":
            self._picture(found)
        elif tag == "input":
            self._checkbox(found, is_checked="checked" in found)
        elif tag in _CELLS:
            self._cell(tag)
        elif tag == "code" and self._verbatim:
            pass  # the code element of a code block
        elif tag in _MARKS:
            self._nodes.add()
            self._mark_tags.append(tag)
            self._marks.push(_mark(tag, found))
        elif tag not in _INLINE:
            self._begin(tag, found)

    def handle_endtag(self, tag: str) -> None:
        """Close the block or mark that the tag has opened."""
        if tag in _MARKS:
            if self._mark_tags and self._mark_tags[-1] == tag:
                self._mark_tags.pop()
                self._marks.pop()
        elif len(self._open) > 1 and self._open[-1][0] == tag:
            if tag not in _CELLS:
                self._end_line()
            self._open.pop()
            self._verbatim -= tag == "pre"
            if tag == "li":
                self._items.pop()

    def handle_data(self, data: str) -> None:
        """Add text; outside of ``pre``, spaces collapse, and a line does not start with one."""
        if not self._verbatim:
            data = _SPACES.sub(" ", data)
            if self._last is None or self._last["text"].endswith(" "):
                data = data.removeprefix(" ")
        if data:
            self._add_text(data)

    @property
    def _content(self) -> list[_Json]:
        content: list[_Json] = self._open[-1][1]["content"]
        return content

    def _append(self, node: _Json) -> None:
        self._nodes.add()
        self._content.append(node)

    def _begin(self, tag: str, found: dict[str, str]) -> None:
        self._end_line()
        node: _Json = {"type": _BLOCKS.get(tag, tag), "content": []}
        attributes = _attributes(tag, found)
        if attributes:
            node["attrs"] = attributes
        if found.get("data-type") == "taskList" and tag == "ul":
            node["type"] = "taskList"
        if found.get("data-type") == "taskItem" and tag == "li":
            node["type"] = "taskItem"
        self._append(node)
        if tag != "hr":
            self._open.append((tag, node))
            self._verbatim += tag == "pre"
        if tag == "li":
            self._items.append(node)

    def _add_text(self, words: str) -> None:
        self._last = {"type": "text", "text": words, "marks": self._marks.marks()}
        self._append(self._last)

    def _break(self) -> None:
        self._end_line()
        self._append({"type": "hardBreak"})

    def _end_line(self) -> None:
        if self._last is not None and not self._verbatim:
            self._last["text"] = self._last["text"].removesuffix(" ")
        self._last = None

    def _cell(self, tag: str) -> None:
        """Continue the line of the row."""
        self._nodes.add()
        self._end_line()
        row = self._open[-1][1]
        if row["content"]:
            self._add_text(_CELLS_APART)
        self._open.append((tag, row))

    def _picture(self, found: dict[str, str]) -> None:
        """Add the alternative text of an image, as a link to the image."""
        words = _SPACES.sub(" ", found.get("alt", "")).strip()
        if words and not self._verbatim:
            self._add_text(words)
            source = link_cleaned(found.get("src", ""))
            if self._last is not None and source and source.startswith(("http:", "https:")):
                self._last["marks"].append({"type": "link", "attrs": {"href": source}})

    def _checkbox(self, found: dict[str, str], *, is_checked: bool) -> None:
        """Turn the list item around a checkbox into a task."""
        if self._items and found.get("type", "").lower() == "checkbox":
            self._items[-1] |= {"type": "taskItem", "attrs": {"checked": is_checked}}


def _mark(tag: str, found: dict[str, str]) -> _Json:
    attributes = {"href": found.get("href"), "title": found.get("title")} if tag == "a" else {}
    return {"type": _MARKS[tag], "attrs": attributes}


def _attributes(tag: str, found: dict[str, str]) -> _Json:
    if _BLOCKS.get(tag) == "heading":
        return {"level": int(tag[1])}
    if tag == "ol":
        start = found.get("start", "")
        number = int(start) if re.fullmatch(r"[0-9]{1,9}", start) else 1
        return {"start": number, "type": found.get("type")}
    if tag == "pre":
        named = _LANGUAGE.search(found.get("class", ""))
        return {"language": named[1]} if named else {}
    if tag == "li" and "data-checked" in found:
        return {"checked": found["data-checked"] == "true"}
    return {}
