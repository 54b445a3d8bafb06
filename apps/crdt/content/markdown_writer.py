"""Writes a document as Markdown (CommonMark, with GitHub's strikethrough and tasks).

Any text is read back as the same text: special characters are escaped, and delimiters of marks are
placed so that they are recognised beside any character.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from apps.crdt.content.attached import FILE, IMAGE, address_of, attached_link
from apps.crdt.content.callouts import CALLOUT, GITHUB
from apps.crdt.content.html_writer import summary_html, table_html
from apps.crdt.content.markdown_lines import line_write
from apps.crdt.content.names import DETAILS
from apps.crdt.content.prosemirror import Node
from apps.crdt.content.schema import fit_to_schema, title_heading

#: Characters that mean something in a title.
_TITLE_ESCAPED = re.compile(r'["\\&<*_`\[\]]')
_BACKTICKS = re.compile(r"`+")
#: Families of lists: adjacent lists of one family with the same marker would be read as one list.
_FAMILY: Final = {"bulletList": "bullets", "taskList": "bullets", "orderedList": "numbers"}
#: The line below the head of a table, by the alignment of its column.
_ALIGNED: Final = {None: "---", "left": ":--", "center": ":-:", "right": "--:"}
_LIST_MARKERS: Final = {"bullets": ("-", "+"), "numbers": (".", ")")}


def markdown_write(nodes: Iterable[Node], *, title: str = "") -> str:
    """Return the document's Markdown, with a newline at its end.

    A title is its first heading, which an import reads as the title.
    """
    text = _blocks([*title_heading(title), *fit_to_schema(nodes)])
    return f"{text}\n" if text else ""


def _blocks(blocks: Sequence[Node]) -> str:
    """Return blocks separated by empty lines; an empty paragraph is left out."""
    written: list[str] = []
    family, turn = "", 0
    for block in blocks:
        own = _FAMILY.get(block["type"], "")
        turn = 1 - turn if own and own == family else 0
        text = _block(block, turn)
        if text:
            written.append(text)
            family = own
    return "\n\n".join(written)


def _block(block: Node, turn: int) -> str:
    kind = block["type"]
    if kind in _FAMILY:
        return _list(block, _LIST_MARKERS[_FAMILY[kind]][turn])
    write = _WRITERS.get(kind)
    return write(block) if write else line_write(block.get("content", ()))


def _heading(block: Node) -> str:
    line = line_write(block.get("content", ()), is_heading=True)
    return f"{'#' * block['attrs']['level']} {line}".rstrip()


def _quote(block: Node) -> str:
    return _indented(_blocks(block["content"]), "> ") or ">"


def _details(block: Node) -> str:
    """Return a part to unfold as HTML, whose blocks are Markdown."""
    summary, inside = block["content"]
    return f"<details>\n{summary_html(summary)}\n\n{_blocks(inside['content'])}\n\n</details>"


def _callout(block: Node) -> str:
    """Return a callout as GitHub writes it: a quote, whose first line has the kind."""
    content, kind = block["content"], block["attrs"]["kind"]
    marker, body = f"[!{GITHUB[kind]}]", _blocks(content)
    is_line = content[0]["type"] == "paragraph" and content[0].get("content")
    return _indented(f"{marker}\n{body}" if is_line or not body else f"{marker}\n\n{body}", "> ")


def _table(block: Node) -> str:
    """Return a table of GitHub's Markdown, or HTML where that has no form for it."""
    rows = [row.get("content", ()) for row in block["content"]]
    aligned = _alignments(rows)
    if aligned is None or not all(_is_line(cell) for row in rows for cell in row):
        return table_html(block)
    lines = [[_cell_line(cell) for cell in row] for row in rows]
    is_headed = rows[0][0]["type"] == "tableHeader"
    head = lines.pop(0) if is_headed else [""] * len(aligned)
    rule = [_ALIGNED[align] for align in aligned]
    return "\n".join(map(_row, (head, rule, *lines)))


def _row(cells: Iterable[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)


def _alignments(rows: Sequence[Sequence[Node]]) -> list[str | None] | None:
    """Return the alignment of each column of a plain grid with at most a head; None otherwise."""
    kinds = [{cell["type"] for cell in row} for row in rows]
    if any(len(kind) != 1 for kind in kinds) or {"tableHeader"} in kinds[1:]:
        return None
    attributes = [[cell.get("attrs", {}) for cell in row] for row in rows]
    if any(own.keys() - {"align"} for row in attributes for own in row):
        return None
    columns = [{own.get("align") for own in column} for column in zip(*attributes, strict=True)]
    is_even = all(len(aligns) == 1 for aligns in columns)
    return [align for aligns in columns for align in aligns] if is_even else None


def _is_line(cell: Node) -> bool:
    blocks = cell["content"]
    return (
        len(blocks) == 1
        and blocks[0]["type"] == "paragraph"
        and all(node["type"] != "hardBreak" for node in blocks[0].get("content", ()))
    )


def _cell_line(cell: Node) -> str:
    """Return the line of a cell. A pipe is escaped, in code too, before the cells are split."""
    return line_write(cell["content"][0].get("content", ())).replace("|", "\\|")


def _image(block: Node) -> str:
    """Return a picture with its caption as title; Markdown has no width."""
    attributes = block["attrs"]
    words = attributes.get("alt") or ""
    alt = line_write([{"type": "text", "text": words}]) if words else ""
    caption = attributes.get("caption")
    title = f' "{_TITLE_ESCAPED.sub(_escape, caption)}"' if caption else ""
    return f"![{alt}]({address_of(attributes['attachment'])}{title})"


def _escape(match: re.Match[str]) -> str:
    return "&amp;" if match[0] == "&" else f"\\{match[0]}"


def _code_block(block: Node) -> str:
    words = "".join(node["text"] for node in block.get("content", ()))
    language = block.get("attrs", {}).get("language", "")
    longest = max(map(len, _BACKTICKS.findall(words)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{words}\n{fence}"


def _list(block: Node, marker: str) -> str:
    items = list(_items(block, marker))
    is_tight = all(len(item["content"]) == 1 for item in block["content"])
    return ("\n" if is_tight else "\n\n").join(items)


def _items(block: Node, marker: str) -> Iterator[str]:
    start = block.get("attrs", {}).get("start", 1)
    for number, item in enumerate(block["content"], start):
        head = f"{number}{marker} " if block["type"] == "orderedList" else f"{marker} "
        body = _blocks(item["content"])
        if block["type"] == "taskList":
            body = _task(item)
        yield (head + _indented(body, " " * len(head)).lstrip(" ")).rstrip(" ")


def _task(item: Node) -> str:
    box = "[x]" if item["attrs"]["checked"] else "[ ]"
    first, *others = item["content"]
    line = f"{box} {line_write(first.get('content', ()))}".rstrip(" ")
    below = _blocks(others)
    return f"{line}\n\n{below}" if below else line


def _indented(text: str, prefix: str) -> str:
    if not text:
        return ""
    lines = text.split("\n")
    return "\n".join(prefix + line if line else prefix.rstrip() for line in lines)


#: Writers of blocks; any other block is a line.
_WRITERS: Final[dict[str, Callable[[Node], str]]] = {
    "blockquote": _quote,
    CALLOUT: _callout,
    "codeBlock": _code_block,
    DETAILS: _details,
    FILE: lambda block: line_write([attached_link(block)]),
    "heading": _heading,
    "horizontalRule": lambda _: "***",
    IMAGE: _image,
    "table": _table,
}
