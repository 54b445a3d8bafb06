"""Writes one line of a document as Markdown: escaped text, with delimiters for marks.

Whether a delimiter starts or ends a mark depends on the characters beside it: CommonMark's flanking
rule (https://spec.commonmark.org/0.31.2/#delimiter-run). Two measures keep the rule: spaces at the
edges of a mark are moved outside, and a letter that would block a delimiter is written as a
character reference, which starts and ends with punctuation.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from string import punctuation
from typing import Any, Final, NamedTuple

from apps.crdt.content.highlights import highlight_tag
from apps.crdt.content.lines import MARKS
from apps.crdt.content.mentions import mentions_linked
from apps.crdt.content.prosemirror import Node

_DELIMITERS: Final = {"bold": "**", "italic": "_", "strike": "~~"}
#: Marks that Markdown lacks: tags of HTML, outside of the delimiters, which they do not restrict.
_TAGS: Final = {"highlight": "mark", "subscript": "sub", "superscript": "sup", "underline": "u"}
#: Marks with delimiters around the text, the outermost first; all marks except code.
_DELIMITED: Final = tuple(name for name in MARKS if name != "code")
#: Characters that are special anywhere; the last two before text that may follow.
_SPECIAL = re.compile(r"[\\`*_\[\]<|~]|&(?=#?\w+;)|[!&]$")
#: Characters that make a bare address (``bare_addresses``), outside of links.
_ADDRESS = re.compile(r"(?i:(?<=https)|(?<=http)):(?=//)|(?i:(?<=www))\.|(?<=[\w.+-])@(?=[\w-])")
#: Characters that are special at the start of a line.
_LINE_START = re.compile(r"\A(?:(?=[#+\-=>:])|(\d{1,9})(?=[.)]))")
_HEADING_END = re.compile(r"(?<=[ #])#$")
_BACKTICKS = re.compile(r"`+")
#: CommonMark's Unicode whitespace; Python's whitespace has more characters.
_SPACES: Final = "\t\n\x0c\r \xa0\u1680\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_PLAIN_ADDRESS = re.compile(r"[^\s()<>\\]+")
_REFERENCE = re.compile(r"&(?=#?\w+;)")
_IN_BRACKETS: Final = str.maketrans({"<": "%3C", ">": "%3E", "\\": "%5C", "\n": None, "\r": None})
_IN_TITLE: Final = str.maketrans({'"': '\\"', "\\": "\\\\", "&": "\\&", "\n": " ", "\r": " "})


class _MarkedText(NamedTuple):
    """A text with its marks: name to attributes."""

    text: str
    marks: dict[str, Any]

    @property
    def edges(self) -> tuple[str, str]:
        """Return the characters next to the delimiters around the text."""
        return ("`", "`") if "code" in self.marks else (self.text[0], self.text[-1])


class _Boundary(NamedTuple):
    """The delimiters between two texts, in the order in which they are written."""

    closing: list[str]
    opening: list[str]


def line_write(nodes: Sequence[Node], *, is_heading: bool = False) -> str:
    """Return the content of a paragraph, or of a heading, which must be one line."""
    lines: list[list[Node]] = [[]]
    for node in mentions_linked(nodes):
        if node["type"] == "hardBreak":
            lines.append([])
        else:
            lines[-1].append(node)
    while len(lines) > 1 and not lines[-1]:  # a hard break at the end would be read as a backslash
        lines.pop()
    text = (" " if is_heading else "\\\n").join(_line(line) for line in lines)
    return _HEADING_END.sub(r"\\#", text) if is_heading else text


def _line(nodes: Iterable[Node]) -> str:
    marked_texts = list(_merged(_with_spaces_outside([_marked_text(node) for node in nodes])))
    boundaries = _boundaries(marked_texts)
    first, last = _characters_to_encode(marked_texts, boundaries)
    out = boundaries[0].opening
    for at, marked in enumerate(marked_texts):
        out.append(_text(marked, encode_first=first[at], encode_last=last[at]))
        out += boundaries[at + 1].closing + boundaries[at + 1].opening
    return _LINE_START.sub(r"\1\\", "".join(out))


def _boundaries(marked_texts: Sequence[_MarkedText]) -> list[_Boundary]:
    """Return the delimiters before the first text, after each text, and so on to the end."""
    found: list[_Boundary] = []
    for before, after in pairwise((None, *marked_texts, None)):
        own, others = _delimited_marks(before), _delimited_marks(after)
        shared = _shared_count(own, others)
        found.append(
            _Boundary(
                [_closing(name, value) for name, value in reversed(own[shared:])],
                [_opening(name, value) for name, value in others[shared:]],
            )
        )
    return found


def _marked_text(node: Node) -> _MarkedText:
    return _MarkedText(
        node["text"], {mark["type"]: mark["attrs"] for mark in node.get("marks", ())}
    )


def _merged(marked_texts: Iterable[_MarkedText]) -> Iterator[_MarkedText]:
    for marks, run in groupby(marked_texts, lambda marked: marked.marks):
        yield _MarkedText("".join(marked.text for marked in run), marks)


def _delimited_marks(marked: _MarkedText | None) -> list[tuple[str, Any]]:
    marks = marked.marks if marked else {}
    return [(name, marks[name]) for name in _DELIMITED if name in marks]


def _shared_count(marks: Sequence[tuple[str, Any]], others: Sequence[tuple[str, Any]]) -> int:
    """Return the number of marks that continue, from the outermost on."""
    count = 0
    for mark, other in zip(marks, others, strict=False):
        if mark != other:
            break
        count += 1
    return count


# --- spaces, and characters beside delimiters ----------------------------------------------------


def _with_spaces_outside(marked_texts: Sequence[_MarkedText]) -> Iterator[_MarkedText]:
    """Yield the texts; spaces at their edges have only the marks that continue across them."""
    parts = [part for marked in marked_texts for part in _parts(marked)]
    runs = [
        (is_space, list(run))
        for is_space, run in groupby(parts, lambda part: not part.text.strip(_SPACES))
    ]
    for at, (is_space, run) in enumerate(runs):
        if not is_space:
            yield from run
            continue
        left = runs[at - 1][1][-1].marks if at else {}
        right = runs[at + 1][1][0].marks if at + 1 < len(runs) else {}
        common = _common_delimited([left, *(part.marks for part in run), right])
        for part in run:
            own = {name: value for name, value in part.marks.items() if name not in _DELIMITERS}
            yield part._replace(marks=own | common)


def _common_delimited(marks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the marks with delimiters that all of these have, so that none starts or ends here."""
    kept: dict[str, Any] = {}
    if all(text_marks.get("link") == marks[0].get("link") for text_marks in marks):
        # From the outermost on: where one ends, the inner ones end too.
        for name in (*_TAGS, *_DELIMITERS):
            values = [text_marks.get(name) for text_marks in marks]
            if any(value != values[0] for value in values):
                break
            if name in marks[0]:
                kept[name] = values[0]
    return kept


def _parts(marked: _MarkedText) -> Iterator[_MarkedText]:
    """Yield the spaces before, the text between, and the spaces after, each if there are any."""
    text = marked.text
    if "code" in marked.marks or not _DELIMITERS.keys() & marked.marks.keys():
        yield marked
        return
    start = len(text) - len(text.lstrip(_SPACES))
    end = len(text.rstrip(_SPACES))
    for part in (text[:start], text[start:end], text[max(start, end) :]):
        if part:
            yield marked._replace(text=part)


def _characters_to_encode(
    marked_texts: Sequence[_MarkedText], boundaries: Sequence[_Boundary]
) -> tuple[list[bool], list[bool]]:
    """Return for each text whether its first and its last character are written as references.

    Where marks end and others start, the delimiters are next to each other, which is punctuation. A
    text of one character that is encoded is punctuation on both sides: where a mark ends, that
    reaches the next text, where one starts, the text before, so one pass in each direction is
    enough.
    """
    count = len(marked_texts)
    first, last = [False] * count, [False] * count
    if not count:
        return first, last
    # A space at either end of the line would be lost.
    first[0] = marked_texts[0].edges[0].isspace()
    last[-1] = marked_texts[-1].edges[1].isspace()

    def edge(at: int, side: int) -> str:
        is_encoded = (first, last)[side][at]
        if len(marked_texts[at].text) == 1:
            is_encoded = first[at] or last[at]
        return "&;"[side] if is_encoded else marked_texts[at].edges[side]

    for at in range(1, count):
        closing, opening = boundaries[at]
        if closing and not opening:
            first[at] = _blocks_delimiter(
                edge(at, 0), closing[-1], is_alone=len(closing) == 1, inner=edge(at - 1, 1)
            )
    for at in range(count - 1, 0, -1):
        closing, opening = boundaries[at]
        if opening and not closing:
            last[at - 1] = _blocks_delimiter(
                edge(at - 1, 1), opening[0], is_alone=len(opening) == 1, inner=edge(at, 0)
            )
    return first, last


def _blocks_delimiter(outer: str, delimiter: str, *, is_alone: bool, inner: str) -> bool:
    """Return whether a character outside of a delimiter prevents that it is read as one.

    ``is_alone``: there is no other delimiter between this character and the text. ``inner`` is the
    text's character.
    """
    if delimiter not in _DELIMITERS.values() or outer in _SPACES or outer in punctuation:
        return False
    return delimiter == "_" or not is_alone or not inner.isalnum()


# --- characters ----------------------------------------------------------------------------------


def _text(marked: _MarkedText, *, encode_first: bool, encode_last: bool) -> str:
    text = marked.text
    if "code" in marked.marks:
        return _code(text)
    start = 1 if encode_first else 0
    end = max(start, len(text) - 1) if encode_last else len(text)
    escaped = _escaped(text[start:end])
    if "link" not in marked.marks:
        escaped = _ADDRESS.sub(lambda found: f"\\{found[0]}", escaped)
    return _reference(text[:start]) + escaped + _reference(text[end:])


def _reference(character: str) -> str:
    return f"&#{ord(character)};" if character else ""


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", text)


def _code(text: str) -> str:
    """Return a code span: more backticks around than inside, and spaces where they are needed."""
    longest = max(map(len, _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    is_spaced = text.startswith(" ") and text.endswith(" ") and not text.isspace()
    pad = " " if is_spaced or "`" in (text[0], text[-1]) else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _opening(name: str, attributes: Any) -> str:
    if name == "highlight":
        return highlight_tag(attributes)
    if name in _TAGS:
        return f"<{_TAGS[name]}>"
    return "[" if name == "link" else _DELIMITERS[name]


def _closing(name: str, attributes: Any) -> str:
    if name in _TAGS:
        return f"</{_TAGS[name]}>"
    if name != "link":
        return _DELIMITERS[name]
    title = attributes["title"]
    titled = f' "{title.translate(_IN_TITLE)}"' if title else ""
    return f"]({_address(attributes['href'])}{titled})"


def _address(href: str) -> str:
    address = href
    if not _PLAIN_ADDRESS.fullmatch(href):
        address = f"<{href.translate(_IN_BRACKETS)}>"
    return _REFERENCE.sub(r"\\&", address)
