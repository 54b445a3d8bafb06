"""Reads Markdown (CommonMark, with GitHub's strikethrough, tables, tasks and bare addresses).

A text with HTML is read as the page of HTML that it describes (``markdown_html``).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import escapedSplit, getLine, table
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from apps.crdt.content.attached import file_id_in, image_of
from apps.crdt.content.bare_addresses import addresses_linked
from apps.crdt.content.bounds import (
    MAX_TOKENS,
    MAX_UPDATE_BYTES,
    CountedList,
    OpenMarks,
    PartCounter,
    lines_check,
)
from apps.crdt.content.callouts import CALLOUT, callout_in_markdown
from apps.crdt.content.front_matter import front_matter_split
from apps.crdt.content.html_reader import html_read
from apps.crdt.content.markdown_html import (
    details_paired,
    has_html,
    html_as_text,
    language_of,
    mark_tags_paired,
    page_written,
    summary_of,
    words_within,
)
from apps.crdt.content.names import BOX, CELL, DETAILS, HEADER, ROW, SUMMARY, TABLE, leaf
from apps.crdt.content.parser_bomb_guard import NestedTooDeepError
from apps.crdt.content.schema import fit_to_schema
from apps.crdt.content.tables import tables_check

#: Levels of lists (two each) and quotes. The parser recurses: deeper ones are read as text.
_MAX_LEVELS: Final = 100
#: The parser leaves out what is nested deeper, and nothing is, by the rule ``_too_deep``.
_MAX_NESTING: Final = _MAX_LEVELS + 10
_OPTIONS: Final = {"maxNesting": _MAX_NESTING, "strikethrough_single_tilde": True}
#: The counters of tokens, and of the addresses of links, in the parser's environment.
_COUNTER: Final = "token_counter"
_ADDRESSES: Final = "address_counter"


def _counted_blocks(state: StateCore) -> None:
    """Read the blocks of a text into a counted list: a core rule of the parser."""
    state.tokens = CountedList(state.env[_COUNTER])
    state.md.block.parse(state.src, state.md, state.env, state.tokens)


def _counted_line(state: StateCore) -> None:
    """Read a line into a counted list: a core rule of the parser."""
    for token in state.tokens:
        token.children = CountedList(state.env[_COUNTER])
        state.md.inline.parse(token.content, state.md, state.env, token.children)
        found = addresses_linked(token.children)
        state.env[_COUNTER].add(len(found) - len(token.children))
        for child in found:
            address = child.attrs.get("href") or child.attrs.get("src") or ""
            state.env[_ADDRESSES].add(len(str(address)))
        token.children = found


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Read the lines up to an empty one as a paragraph: a block rule for the deepest level."""
    if silent or state.level < _MAX_LEVELS:
        return False
    line = start + 1
    while line < end and not state.isEmpty(line) and state.sCount[line] >= state.blkIndent:
        line += 1
    state.line = line
    state.push("paragraph_open", "p", 1)
    token = state.push("inline", "", 0)
    token.content = state.getLines(start, line, state.blkIndent, keepLastLF=False).strip()
    token.children = []
    state.push("paragraph_close", "p", -1)
    return True


def _whole_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Read a table as the block rule ``table`` does; cells beyond the head's stay in their row."""
    first = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    width = sum(token.type == "th_open" for token in state.tokens[first:])
    tokens = _without_empty_head(state.tokens[first:])
    del state.tokens[first:]
    line = 0
    for token in tokens:
        if token.type == "tr_open" and token.map:
            line = token.map[0]
        if token.type == "tr_close" and line > start:
            for words in _cells(state, line)[width:]:
                state.push("td_open", "td", 1)
                inline = state.push("inline", "", 0)
                inline.content, inline.children = words.strip(), []
                state.push("td_close", "td", -1)
        state.tokens.extend((token,))  # It is counted already.
    return True


def _without_empty_head(tokens: list[Token]) -> list[Token]:
    """Return a table without a head that has no words, by which a table without one is written."""
    end = next((at for at, token in enumerate(tokens) if token.type == "thead_close"), 0)
    is_empty = not any(token.content for token in tokens[:end] if token.type == "inline")
    has_body = any(token.type == "tbody_open" for token in tokens)
    return [tokens[0], *tokens[end + 1 :]] if is_empty and has_body else tokens


def _cells(state: StateBlock, line: int) -> list[str]:
    """Return the cells of a row as they are written."""
    cells = escapedSplit(getLine(state, line).strip())
    return cells[cells[:1] == [""] : len(cells) - (cells[-1:] == [""])]


def _block_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", _OPTIONS).enable("table").disable("inline")
    parser.block.ruler.at("table", _whole_table, {"alt": ["paragraph", "reference"]})
    parser.core.ruler.at("block", _counted_blocks)
    parser.block.ruler.before("table", "too_deep", _too_deep)
    return parser


def _line_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", _OPTIONS).enable("strikethrough")
    parser.core.ruler.at("inline", _counted_line)
    return parser


_BLOCK_PARSER: Final = _block_parser()
_LINE_PARSER: Final = _line_parser()
_LINE_PARSER_WITHOUT_LINKS: Final = _line_parser().disable(["link", "image"])
#: Maximum nesting of brackets in a line with links: the parser tries every way to pair them.
_MAX_BRACKETS: Final = 10
_BRACKETS = re.compile(r"[\[\]]")
_BLOCKS: Final = {
    "blockquote_open": "blockquote",
    "bullet_list_open": "bulletList",
    "heading_open": "heading",
    "list_item_open": "listItem",
    "ordered_list_open": "orderedList",
    "paragraph_open": "paragraph",
    "table_open": TABLE,
    "td_open": CELL,
    "th_open": HEADER,
    "tr_open": ROW,
}
_MARKS: Final = {
    "em": "italic",
    "link": "link",
    "mark": "highlight",
    "s": "strike",
    "strong": "bold",
    "sub": "subscript",
    "sup": "superscript",
    "u": "underline",
}
_TASK = re.compile(r"\[([ xX])\](\s|$)")

_Json = dict[str, Any]


def markdown_read(text: str) -> list[_Json]:
    """Return the blocks of a text. Raises ``NestedTooDeepError``, ``ContentTooLargeError``."""
    lines_check(text)
    matter = front_matter_split(text)
    tokens = _parsed(matter.rest)
    data = [_data_block(matter.language, matter.data)] if matter.data else []
    if has_html(tokens):
        return fit_to_schema(data) + html_read(page_written(tokens))
    tree = _tree(tokens)
    tables_check(tree)
    return fit_to_schema([*data, *tree])


def _parsed(text: str) -> list[Token]:
    """Return the blocks of a text, each with the tokens of its line."""
    environment: dict[str, Any] = {
        _COUNTER: PartCounter("max_tokens", MAX_TOKENS),
        _ADDRESSES: PartCounter("max_update_bytes", MAX_UPDATE_BYTES),
    }
    try:
        tokens = _BLOCK_PARSER.parse(text, environment)
        for at, token in enumerate(tokens):
            if token.type == "inline":
                _make_callout(tokens[max(0, at - 2) : at + 2])
                token.children = _line(token.content, environment)
                _make_task(tokens[max(0, at - 2) : at + 1])
    except RecursionError as err:
        raise NestedTooDeepError("This Markdown nests too deep.") from err
    tokens = [token for token in tokens if not token.meta.get("is_empty")]
    details_paired(tokens)
    return tokens + list(_unused_references(tokens, environment))


def _unused_references(tokens: Iterable[Token], environment: dict[str, Any]) -> Iterator[Token]:
    """Yield a line for each definition of a link that no link of the text uses.

    One whose address is a place in the page is a comment (``[//]: # (a comment)``).
    """
    children = [child for token in tokens for child in token.children or ()]
    used = {child.attrs.get("href") or child.attrs.get("src") for child in children}
    defined = [*environment.get("references", {}).items()]
    defined += [(found["label"], found) for found in environment.get("duplicate_refs", ())]
    for label, found in defined:
        address = str(found["href"])
        if not address or address.startswith("#") or address in used:
            continue
        environment[_ADDRESSES].add(len(address))
        words = " ".join(word for word in (f"{label.lower()}:", found["title"]) if word)
        line = Token("inline", "", 0)
        line.children = [
            Token("text", "", 0, content=f"{words} "),
            Token("link_open", "a", 1, attrs={"href": address}),
            Token("text", "", 0, content=address),
            Token("link_close", "a", -1),
        ]
        environment[_COUNTER].add(len(line.children) + 3)
        yield from (Token("paragraph_open", "p", 1), line, Token("paragraph_close", "p", -1))


def _data_block(language: str, data: str) -> _Json:
    content = [{"type": "text", "text": data}]
    return {"type": "codeBlock", "attrs": {"language": language}, "content": content}


def _line(source: str, references: dict[str, Any]) -> list[Token]:
    """Return the tokens of a line, without links if its brackets nest too deep."""
    parser = _LINE_PARSER if _bracket_depth(source) <= _MAX_BRACKETS else _LINE_PARSER_WITHOUT_LINKS
    tokens = parser.parseInline(source, references)[0].children or []
    mark_tags_paired(tokens)
    return tokens


def _bracket_depth(source: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKETS.findall(source):
        depth = depth + 1 if bracket == "[" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _tree(tokens: Iterable[Token]) -> list[_Json]:
    root: _Json = {"type": "doc", "content": []}
    nodes = [root]
    for token in tokens:
        content: list[_Json] = nodes[-1]["content"]
        if token.type == "inline":
            content += _inline_nodes(token.children or ())
        elif token.nesting > 0:
            content.append(_opened(token))
            nodes.append(content[-1])
        elif token.nesting < 0:
            nodes.pop()
        else:
            content.append(_leaf(token))
    blocks: list[_Json] = root["content"]
    return blocks


def _opened(token: Token) -> _Json:
    summary = summary_of(token)
    if summary is not None:
        found = html_read(f"<summary>{summary}</summary>")
        return {"type": DETAILS, "content": [{"type": SUMMARY, "content": found}]}
    node: _Json = {"type": _BLOCKS.get(token.type, BOX), "content": []}
    if node["type"] == "heading":
        node["attrs"] = {"level": int(token.tag[1])}
    if "data-callout" in token.attrs:
        node |= {"type": CALLOUT, "attrs": {"kind": token.attrs["data-callout"]}}
    if node["type"] == "orderedList":
        start = token.attrGet("start")
        node["attrs"] = {"start": 1 if start is None else start}
    if node["type"] in (CELL, HEADER):
        style = str(token.attrGet("style") or "")
        node["attrs"] = {"align": style.removeprefix("text-align:")}
    if "checked" in token.meta:
        node |= {"type": "taskItem", "attrs": {"checked": token.meta["checked"]}}
    return node


def _leaf(token: Token) -> _Json:
    if token.type == "hr":
        return {"type": "horizontalRule"}
    if token.type == "html_block":
        return {"type": BOX, "content": _lines(html_as_text(token))}
    words = token.content.removesuffix("\n")
    return {
        "type": "codeBlock",
        "attrs": {"language": language_of(token)},
        "content": [{"type": "text", "text": words}],
    }


def _lines(words: str) -> list[_Json]:
    lines = [{"type": "text", "text": line} for line in words.split("\n") if words]
    return [node for line in lines for node in ({"type": "hardBreak"}, line)][1:]


def _make_task(tokens: Sequence[Token]) -> None:
    """Note in a list item that its first line starts with a checkbox, which is removed.

    The source is checked too, because an escaped bracket starts no checkbox.
    """
    if [token.type for token in tokens[:-1]] != ["list_item_open", "paragraph_open"]:
        return
    item, _, line = tokens
    box = _TASK.match(line.content)
    first = line.children[0] if line.children else None
    if box and first and first.type == "text" and first.content.startswith(line.content[:3]):
        item.meta["checked"] = box[1] != " "
        first.content = first.content[4:]


def _make_callout(tokens: Sequence[Token]) -> None:
    """Note in a quote that its first line has the kind of a callout, which is removed."""
    kinds = [token.type for token in tokens]
    if kinds != ["blockquote_open", "paragraph_open", "inline", "paragraph_close"]:
        return
    quote, _, line, _ = tokens
    found = callout_in_markdown(line.content)
    if found:
        quote.attrs["data-callout"], line.content = found
        for token in tokens[1:]:
            token.meta["is_empty"] = not line.content


def _inline_nodes(tokens: Iterable[Token]) -> Iterator[_Json]:
    marks = OpenMarks()
    before: Token | None = None
    for token in tokens:
        if token.type == "link_close" and before and before.type == "link_open":
            yield leaf("", str(before.attrGet("href")), marks)  # a link without words
        before = token
        if token.type == "hardbreak":
            yield {"type": "hardBreak", "marks": marks.marks()}
        elif token.type == "softbreak":
            yield _text(" ", marks.marks())
        elif token.type == "code_inline":
            yield _text(token.content, marks.marks({"type": "code"}))
        elif token.type == "html_inline":
            yield _text(html_as_text(token), marks.marks())
        elif token.type == "image":
            yield _image(token, marks)
        elif token.nesting > 0:
            kind = _MARKS[token.tag if token.tag != "a" else "link"]
            marks.push(_mark(kind, token))
        elif token.nesting < 0:
            marks.pop()
        else:
            yield _text(token.content, marks.marks())


def _image(token: Token, marks: OpenMarks) -> _Json:
    """Return a picture of the document; any other one is a link to it."""
    words, title = words_within(token), str(token.attrGet("title") or "")
    file_id = file_id_in(token.attrGet("src"))
    if file_id:
        return image_of(file_id, alt=words, caption=title)
    return leaf(words or title, str(token.attrGet("src")), marks)


def _text(words: str, marks: list[_Json]) -> _Json:
    return {"type": "text", "text": words, "marks": marks}


def _mark(kind: str, token: Token) -> _Json:
    if kind == "highlight":
        return {"type": kind, "attrs": {"color": token.attrGet("data-color")}}
    if kind != "link":
        return {"type": kind}
    return {
        "type": kind,
        "attrs": {"href": token.attrGet("href"), "title": token.attrGet("title")},
    }
