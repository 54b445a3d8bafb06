"""Writes a document as HTML, which a Tiptap editor reads back unchanged."""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Final
from unicodedata import bidirectional

from apps.crdt.content.attached import ATTACHED, IMAGE, address_of, attached_link
from apps.crdt.content.callouts import CALLOUT
from apps.crdt.content.highlights import highlight_tag
from apps.crdt.content.mentions import mentions_linked
from apps.crdt.content.names import DETAILS, DETAILS_CONTENT, SUMMARY
from apps.crdt.content.prosemirror import Node
from apps.crdt.content.sanitising import html_cleaned_out
from apps.crdt.content.schema import fit_to_schema, title_heading

_MARK_TAGS: Final = {
    "bold": "strong",
    "code": "code",
    "italic": "em",
    "strike": "s",
    "subscript": "sub",
    "superscript": "sup",
    "underline": "u",
}
#: Empty lines, which only code has.
_EMPTY_LINES = re.compile(r"\n{2,}")
_CELL_TAGS: Final = {"tableCell": "td", "tableHeader": "th"}
#: Directions of letters (UAX 9): a browser shows text from left to right unless it is told.
_DIRECTIONS: Final = {"L": "ltr", "R": "rtl", "AL": "rtl"}


def html_write(nodes: Iterable[Node], *, title: str) -> str:
    """Return a complete page, sanitised, without script and style.

    Its title is also its first heading, because a browser shows no title in the page.
    """
    body = html_cleaned_out(_blocks([*title_heading(title), *fit_to_schema(nodes)]))
    return (
        "<!doctype html>\n"
        f'<html>\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n</head>\n'
        f"<body>\n{body}</body>\n</html>\n"
    )


def table_html(table: Node) -> str:
    """Return a table for a text of Markdown, where an empty line would end it."""
    html = html_cleaned_out(_block(table, "ltr"))
    return _EMPTY_LINES.sub(lambda lines: "\n" + "&#10;" * (len(lines[0]) - 1), html).strip()


def summary_html(summary: Node) -> str:
    """Return the line of a part to unfold for a text of Markdown."""
    return html_cleaned_out(_block(summary, "ltr"))


def _blocks(blocks: Sequence[Node], around: str = "ltr") -> str:
    """Write blocks; ``around`` is the direction of the text around them."""
    return "".join(f"{_block(block, around)}\n" for block in blocks)


def _block(block: Node, around: str) -> str:
    kind, attributes = block["type"], block.get("attrs", {})
    content: Sequence[Node] = block.get("content", ())
    if kind == "codeBlock":
        return _code_block(content, attributes.get("language"), around)
    if kind == "horizontalRule":
        return "<hr>"
    if kind in _PARTS:
        return _PARTS[kind](block, around)
    if kind in ATTACHED:
        return _attached(block)
    own = text_direction(_texts(block)) or around
    turned = f' dir="{own}"' if own != around else ""
    if kind == "paragraph":
        return f"<p{_aligned(attributes)}{turned}>{_line(content)}</p>"
    if kind == SUMMARY:
        return f"<summary{turned}>{_line(content)}</summary>"
    if kind == "heading":
        level = attributes["level"]
        return f"<h{level}{_aligned(attributes)}{turned}>{_line(content)}</h{level}>"
    inside = _blocks(content, own)
    if kind == "tableRow":
        return f"<tr>{inside.rstrip()}</tr>"
    if kind == "table":
        return f"<table{turned}>\n<tbody>\n{inside}</tbody>\n</table>"
    tag, own_attributes = _around(kind, attributes)
    return f"<{tag}{own_attributes}{turned}>\n{inside}</{tag}>"


def _aligned(attributes: Node) -> str:
    align = attributes.get("textAlign")
    return f' style="text-align: {align}"' if align else ""


def _around(kind: str, attributes: Node) -> tuple[str, str]:
    """Return the tag around other blocks, and its attributes."""
    if kind == "orderedList":
        return "ol", _numbering(attributes)
    if kind == "taskList":
        return "ul", ' data-type="taskList"'
    if kind == CALLOUT:
        return "blockquote", f' data-callout="{attributes["kind"]}"'
    if kind == DETAILS_CONTENT:
        return "div", f' data-type="{kind}"'
    return {"bulletList": "ul", DETAILS: "details"}.get(kind, "blockquote"), ""


def _attached(block: Node) -> str:
    """Write a picture as a figure, and a file as a link."""
    attributes = block["attrs"]
    if block["type"] != IMAGE:
        return f"<p>{_line([attached_link(block)])}</p>"
    width = f' width="{attributes["width"]}"' if "width" in attributes else ""
    alt = f' alt="{escape(attributes["alt"])}"' if "alt" in attributes else ""
    picture = f'<img src="{address_of(attributes["attachment"])}"{alt}{width}>'
    caption = attributes.get("caption")
    words = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{picture}{words}</figure>"


def _texts(block: Node) -> Iterator[str]:
    """Yield the texts of a block that is no code."""
    for child in block.get("content", ()):
        if "text" in child:
            yield child["text"]
        elif child["type"] != "codeBlock":
            yield from _texts(child)


def text_direction(texts: Iterable[str]) -> str:
    """Return the direction of the first letter that has one: ``ltr``, ``rtl``, or an empty text."""
    kinds = (bidirectional(char) for text in texts for char in text)
    return next((_DIRECTIONS[kind] for kind in kinds if kind in _DIRECTIONS), "")


def _code_block(content: Sequence[Node], language: str | None, around: str) -> str:
    words = "".join(escape(node["text"]) for node in content)
    words += "\n" if words.endswith("\n") else ""  # the last line end is not shown
    named = f' class="language-{escape(language)}"' if language else ""
    turned = ' dir="ltr"' if around != "ltr" else ""
    return f"<pre{turned}><code{named}>{words}</code></pre>"


def _item(block: Node, around: str) -> str:
    return f"<li>{_blocks(block['content'], around).rstrip()}</li>"


def _task(block: Node, around: str) -> str:
    content, checked = block["content"], block["attrs"]["checked"]
    box = f'<input type="checkbox"{" checked" if checked else ""} disabled>'
    return (
        f'<li data-type="taskItem" data-checked="{str(checked).lower()}">'
        f"<label>{box}</label><div>{_blocks(content, around).rstrip()}</div></li>"
    )


def _cell(block: Node, around: str) -> str:
    tag, attributes = _CELL_TAGS[block["type"]], block.get("attrs", {})
    values = {
        name: attributes[name]
        for name in ("colspan", "rowspan", "align", "colwidth")
        if name in attributes
    }
    if "colwidth" in values:
        values["colwidth"] = ",".join(map(str, values["colwidth"]))
    written = "".join(f' {name}="{value}"' for name, value in values.items())
    return f"<{tag}{written}>{_blocks(block['content'], around).rstrip()}</{tag}>"


def _numbering(attributes: Node) -> str:
    start = f' start="{attributes["start"]}"' if attributes["start"] != 1 else ""
    kind = attributes.get("type")
    return start + (f' type="{kind}"' if kind else "")


def _line(nodes: Sequence[Node]) -> str:
    """Write a line; a link encloses all its texts, so that its address is written once."""
    parts: list[str] = []
    for link, run in groupby(mentions_linked(nodes), _link_of):
        html = "".join("<br>" if node["type"] == "hardBreak" else _text(node) for node in run)
        parts.append(f"<a{_link(link)}>{html}</a>" if link else html)
    return "".join(parts)


def _link_of(node: Node) -> Node | None:
    """Return the attributes of a text's link, which is the outermost mark."""
    marks = node.get("marks", ())
    return marks[0]["attrs"] if marks and marks[0]["type"] == "link" else None


def _text(node: Node) -> str:
    html = escape(node["text"])
    for mark in reversed(node.get("marks", ())):
        if mark["type"] == "highlight":
            html = f"{highlight_tag(mark['attrs'])}{html}</mark>"
        elif mark["type"] != "link":
            tag = _MARK_TAGS[mark["type"]]
            html = f"<{tag}>{html}</{tag}>"
    return html


def _link(attributes: Node) -> str:
    title = f' title="{escape(attributes["title"])}"' if attributes["title"] else ""
    return f' href="{escape(attributes["href"])}"{title}'


#: Writers of parts of a block, whose texts have directions of their own.
_PARTS: Final = {
    "listItem": _item,
    "tableCell": _cell,
    "tableHeader": _cell,
    "taskItem": _task,
}
