"""Reads Markdown (CommonMark, with strikethrough, tables and tasks) as blocks."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from apps.crdt.content.bounds import (
    MAX_TOKENS,
    CountedList,
    OpenMarks,
    PartCounter,
    lines_check,
)
from apps.crdt.content.parser_bomb_guard import NestedTooDeepError
from apps.crdt.content.schema import fit_to_schema

#: The parser, which recurses, leaves out lists and quotes that are nested deeper.
_MAX_NESTING: Final = 60
#: HTML in Markdown is read as text.
_OPTIONS: Final = {"html": False, "maxNesting": _MAX_NESTING}
#: The counter of tokens in the parser's environment.
_COUNTER: Final = "token_counter"


def _counted_blocks(state: StateCore) -> None:
    """Read the blocks of a text into a counted list: a core rule of the parser."""
    state.tokens = CountedList(state.env[_COUNTER])
    state.md.block.parse(state.src, state.md, state.env, state.tokens)


def _counted_line(state: StateCore) -> None:
    """Read a line into a counted list: a core rule of the parser."""
    for token in state.tokens:
        token.children = CountedList(state.env[_COUNTER])
        state.md.inline.parse(token.content, state.md, state.env, token.children)


def _block_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", _OPTIONS).enable("table").disable("inline")
    parser.core.ruler.at("block", _counted_blocks)
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
    "tr_open": "paragraph",
}
_MARKS: Final = {"em": "italic", "link": "link", "s": "strike", "strong": "bold"}
_CELLS: Final = frozenset({"td_open", "th_open"})
_CELLS_APART: Final = " | "
_TASK = re.compile(r"\[([ xX])\](\s|$)")

_Json = dict[str, Any]


def markdown_read(text: str) -> list[_Json]:
    """Return the blocks of a text. Raises ``NestedTooDeepError``, ``ContentTooLargeError``."""
    lines_check(text)
    references: dict[str, Any] = {_COUNTER: PartCounter("max_tokens", MAX_TOKENS)}
    try:
        tokens = _BLOCK_PARSER.parse(text, references)
        for token in tokens:
            if token.type == "inline":
                token.children = _line(token.content, references)
    except RecursionError as err:
        raise NestedTooDeepError("This Markdown nests too deep.") from err
    return fit_to_schema(_tree(tokens))


def _line(source: str, references: dict[str, Any]) -> list[Token]:
    """Return the tokens of a line, without links if its brackets nest too deep."""
    parser = _LINE_PARSER if _bracket_depth(source) <= _MAX_BRACKETS else _LINE_PARSER_WITHOUT_LINKS
    return parser.parseInline(source, references)[0].children or []


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
            _make_task(nodes, token.content)
        elif token.type in _CELLS:  # a cell continues the line of its row
            if content:
                content.append({"type": "text", "text": _CELLS_APART})
            nodes.append(nodes[-1])
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
    node: _Json = {"type": _BLOCKS.get(token.type, token.type), "content": []}
    if node["type"] == "heading":
        node["attrs"] = {"level": int(token.tag[1])}
    if node["type"] == "orderedList":
        start = token.attrGet("start")
        node["attrs"] = {"start": 1 if start is None else start}
    return node


def _leaf(token: Token) -> _Json:
    if token.type == "hr":
        return {"type": "horizontalRule"}
    words = token.content.removesuffix("\n")
    return {
        "type": "codeBlock",
        "attrs": {"language": next(iter(token.info.split()), None)},
        "content": [{"type": "text", "text": words}],
    }


def _make_task(nodes: list[_Json], source: str) -> None:
    """Turn a list item whose first line starts with a checkbox into a task.

    The source is checked too, because an escaped bracket starts no checkbox.
    """
    box = _TASK.match(source)
    line = nodes[-1]["content"]
    if not box or not line or not line[0].get("text", "").startswith(source[:3]):
        return
    if len(nodes) > 1 and nodes[-2]["type"] == "listItem" and nodes[-2]["content"][0] is nodes[-1]:
        nodes[-2] |= {"type": "taskItem", "attrs": {"checked": box[1] != " "}}
        line[0]["text"] = line[0]["text"][4:]


def _inline_nodes(tokens: Iterable[Token]) -> Iterator[_Json]:
    marks = OpenMarks()
    for token in tokens:
        if token.type == "hardbreak":
            yield {"type": "hardBreak"}
        elif token.type == "softbreak":
            yield _text(" ", marks.marks())
        elif token.type == "code_inline":
            yield _text(token.content, marks.marks({"type": "code"}))
        elif token.type == "image":
            yield _text(token.content, marks.marks(_link(token, "src")))
        elif token.nesting > 0:
            kind = _MARKS[token.tag if token.tag != "a" else "link"]
            marks.push(_link(token, "href") if kind == "link" else {"type": kind})
        elif token.nesting < 0:
            marks.pop()
        else:
            yield _text(token.content, marks.marks())


def _text(words: str, marks: list[_Json]) -> _Json:
    return {"type": "text", "text": words, "marks": marks}


def _link(token: Token, address: str) -> _Json:
    return {
        "type": "link",
        "attrs": {"href": token.attrGet(address), "title": token.attrGet("title")},
    }
