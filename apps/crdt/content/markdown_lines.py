"""One line of a document as Markdown: text escaped, marks set so that they are understood.

Whether the signs of a mark begin or end it depends on what stands beside them; CommonMark calls it
flanking (https://spec.commonmark.org/0.31.2/#delimiter-run). Two things keep the rule here: spaces
at the edges of a mark are left outside, and a letter beside a sign that would hinder it is written
as a character reference, which begins and ends with punctuation.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from string import punctuation
from typing import Any, Final, NamedTuple

from apps.crdt.content.prosemirror import Node
from apps.crdt.content.schema import MARKS

_SIGNS: Final = {"bold": "**", "italic": "_", "strike": "~~"}
#: Marks with signs around the text, the outermost first; code is none of them.
_AROUND: Final = tuple(name for name in MARKS if name != "code")
#: What means something wherever it stands; the last two before what may follow the text.
_SPECIAL = re.compile(r"[\\`*_\[\]<|~]|&(?=#?\w+;)|[!&]$")
#: What means something where a line begins.
_LINE_START = re.compile(r"\A(?:(?=[#+\-=>:])|(\d{1,9})(?=[.)]))")
_HEADING_END = re.compile(r"(?<=[ #])#$")
_BACKTICKS = re.compile(r"`+")
#: What CommonMark calls Unicode whitespace; Python calls more so.
_SPACES: Final = "\t\n\x0c\r \xa0\u1680\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_PLAIN_ADDRESS = re.compile(r"[^\s()<>\\]+")
_REFERENCE = re.compile(r"&(?=#?\w+;)")
_IN_BRACKETS: Final = str.maketrans({"<": "%3C", ">": "%3E", "\\": "%5C", "\n": None, "\r": None})
_IN_TITLE: Final = str.maketrans({'"': '\\"', "\\": "\\\\", "&": "\\&", "\n": " ", "\r": " "})


class _Piece(NamedTuple):
    """Some text and its marks: name to attributes."""

    text: str
    marks: dict[str, Any]

    @property
    def edges(self) -> tuple[str, str]:
        """Return the characters that stand beside the signs around it."""
        return ("`", "`") if "code" in self.marks else (self.text[0], self.text[-1])


def line_write(nodes: Sequence[Node], *, is_heading: bool = False) -> str:
    """Return the content of a paragraph, or of a heading, which is one line."""
    lines: list[list[Node]] = [[]]
    for node in nodes:
        if node["type"] == "hardBreak":
            lines.append([])
        else:
            lines[-1].append(node)
    while len(lines) > 1 and not lines[-1]:  # a break before nothing would be a backslash
        lines.pop()
    text = (" " if is_heading else "\\\n").join(_line(line) for line in lines)
    return _HEADING_END.sub(r"\\#", text) if is_heading else text


def _line(nodes: Iterable[Node]) -> str:
    pieces = list(_joined(_spaces_outside([_piece(node) for node in nodes])))
    out: list[str] = []
    encode_first = bool(pieces) and pieces[0].text[0].isspace()  # it would be lost
    for at, piece in enumerate(pieces):
        following = pieces[at + 1] if at + 1 < len(pieces) else None
        after = _around(following)
        kept = _kept(_around(piece), after)
        closing = [_closing(name, value) for name, value in reversed(_around(piece)[kept:])]
        opening = [_opening(name) for name, _ in after[kept:]]
        if not at:
            out += [_opening(name) for name, _ in _around(piece)]
        hindered = _hindered(piece, closing, opening, following)
        out.append(_text(piece, encode_first=encode_first, encode_last=hindered[0]))
        out += closing + opening
        encode_first = hindered[1]
    return _LINE_START.sub(r"\1\\", "".join(out))


def _piece(node: Node) -> _Piece:
    return _Piece(node["text"], {mark["type"]: mark["attrs"] for mark in node.get("marks", ())})


def _joined(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    for marks, run in groupby(pieces, lambda piece: piece.marks):
        yield _Piece("".join(piece.text for piece in run), marks)


def _around(piece: _Piece | None) -> list[tuple[str, Any]]:
    marks = piece.marks if piece else {}
    return [(name, marks[name]) for name in _AROUND if name in marks]


def _kept(marks: Sequence[tuple[str, Any]], others: Sequence[tuple[str, Any]]) -> int:
    """Return how many marks, from the outermost on, go on."""
    count = 0
    for mark, other in zip(marks, others, strict=False):
        if mark != other:
            break
        count += 1
    return count


# --- spaces and neighbours -----------------------------------------------------------------------


def _spaces_outside(pieces: Sequence[_Piece]) -> Iterator[_Piece]:
    """Yield the pieces; spaces at their edges have only the signs that go on across them."""
    parts = [part for piece in pieces for part in _parts(piece)]
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
        across = _across([left, *(part.marks for part in run), right])
        for part in run:
            own = {name: value for name, value in part.marks.items() if name not in _SIGNS}
            yield part._replace(marks=own | across)


def _across(marks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the signs that go on over all of these, so that none begins or ends among them."""
    kept: dict[str, Any] = {}
    if all(one.get("link") == marks[0].get("link") for one in marks):
        for name in _SIGNS:  # from the outermost on: when one ends, so do those within
            holders = [name in one for one in marks]
            if all(holders):
                kept[name] = marks[0][name]
            elif any(holders):
                break
    return kept


def _parts(piece: _Piece) -> Iterator[_Piece]:
    """Yield the spaces before, the text between, and the spaces behind, where there are any."""
    text = piece.text
    if "code" in piece.marks or not _SIGNS.keys() & piece.marks.keys():
        yield piece
        return
    start = len(text) - len(text.lstrip(_SPACES))
    end = len(text.rstrip(_SPACES))
    for part in (text[:start], text[start:end], text[max(start, end) :]):
        if part:
            yield piece._replace(text=part)


def _hindered(
    piece: _Piece, closing: Sequence[str], opening: Sequence[str], following: _Piece | None
) -> tuple[bool, bool]:
    """Tell whether the last character of a piece, and the first of the next, hinder signs.

    Where signs end and others begin they stand beside each other, which is beside punctuation.
    """
    last = piece.edges[1]
    if following is None:
        return last.isspace(), False  # it would be lost
    first = following.edges[0]
    if opening and not closing:
        return _hinders(last, opening[0], is_alone=len(opening) == 1, inner=first), False
    if closing and not opening:
        return False, _hinders(first, closing[-1], is_alone=len(closing) == 1, inner=last)
    return False, False


def _hinders(outer: str, sign: str, *, is_alone: bool, inner: str) -> bool:
    """Tell whether a character outside of a sign keeps it from being one.

    ``is_alone``: the sign stands between this character and the text, ``inner`` is the text's.
    """
    if sign not in _SIGNS.values() or outer in _SPACES or outer in punctuation:
        return False
    return sign == "_" or not is_alone or not inner.isalnum()


# --- characters ----------------------------------------------------------------------------------


def _text(piece: _Piece, *, encode_first: bool, encode_last: bool) -> str:
    text = piece.text
    if "code" in piece.marks:
        return _code(text)
    start = 1 if encode_first else 0
    end = max(start, len(text) - 1) if encode_last else len(text)
    return _reference(text[:start]) + _escaped(text[start:end]) + _reference(text[end:])


def _reference(character: str) -> str:
    return f"&#{ord(character)};" if character else ""


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", text)


def _code(text: str) -> str:
    """Return a code span: more backticks around than inside, and spaces where it needs them."""
    longest = max(map(len, _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    is_spaced = text.startswith(" ") and text.endswith(" ") and not text.isspace()
    pad = " " if is_spaced or "`" in (text[0], text[-1]) else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _opening(name: str) -> str:
    return "[" if name == "link" else _SIGNS[name]


def _closing(name: str, attributes: Any) -> str:
    if name != "link":
        return _SIGNS[name]
    title = attributes["title"]
    titled = f' "{title.translate(_IN_TITLE)}"' if title else ""
    return f"]({_address(attributes['href'])}{titled})"


def _address(href: str) -> str:
    address = href
    if not _PLAIN_ADDRESS.fullmatch(href):
        address = f"<{href.translate(_IN_BRACKETS)}>"
    return _REFERENCE.sub(r"\\&", address)
