"""Removes comments from the product's own scripts and styles before they are compressed.

The product's modules have no build step, and a third of their compressed size is documentation.
Lines keep their numbers, so that an error in a browser names a line of the source.
"""

import re
from typing import Final

_STRINGS: Final = r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
#: A regular expression literal: a slash where no operand can have ended.
_PATTERN_LITERAL: Final = (
    r"(?:(?<=[(,=:\[!&|?{};>])|(?<=[(,=:\[!&|?{};>] )|(?<=return ))"
    r"/(?![/*])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/"
)
_BLOCK: Final = r"(?P<block>/\*.*?\*/)"
_SCRIPT: Final = re.compile(
    rf"{_STRINGS}|`(?:[^`\\]|\\.)*`|{_BLOCK}|(?P<line>//[^\n]*)|{_PATTERN_LITERAL}", re.DOTALL
)
_STYLE: Final = re.compile(rf"{_STRINGS}|{_BLOCK}", re.DOTALL)


def script_stripped(source: str) -> str:
    """Return a module without comments, with the same lines and the same meaning.

    Known limit: a comment within a template literal that is inside another one is removed, too.
    """
    return _SCRIPT.sub(_kept, source)


def style_stripped(source: str) -> str:
    """Return a style sheet without comments, with the same lines and the same meaning."""
    return _STYLE.sub(_kept, source)


def _kept(token: re.Match[str]) -> str:
    """Return a token, or the line ends of a comment; within a line, a space between two words."""
    groups = token.groupdict()
    if groups.get("line") is not None:
        return ""
    if groups["block"] is None:
        return token[0]
    return "\n" * token[0].count("\n") or " "
