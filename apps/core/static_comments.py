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
    rf"{_STRINGS}|{_BLOCK}|(?P<line>//[^\n]*)|{_PATTERN_LITERAL}|(?P<mark>[`{{}}])", re.DOTALL
)
#: Text of a template literal, up to its end or to the code in its next ``${``.
_TEMPLATE_TEXT: Final = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*(?P<end>`|\$\{)", re.DOTALL)
_STYLE: Final = re.compile(rf"{_STRINGS}|{_BLOCK}", re.DOTALL)


def script_stripped(source: str) -> str:
    """Return a module without comments, with the same lines and the same meaning.

    Template literals may be nested. A module whose braces or literals are not balanced is returned
    as it is.
    """
    parts: list[str] = []
    # For each open brace, whether it began with ``${``: a template's text follows its end.
    braces: list[bool] = []
    at = 0
    while token := _SCRIPT.search(source, at):
        parts += source[at : token.start()], _kept(token)
        at = token.end()
        mark = token["mark"]
        if mark == "}" and not braces:
            return source
        if mark == "{":
            braces.append(False)
        elif mark == "`" or (mark == "}" and braces.pop()):
            text = _TEMPLATE_TEXT.match(source, at)
            if text is None:
                return source
            parts.append(text[0])
            at = text.end()
            if text["end"] == "${":
                braces.append(True)
    return source if braces else "".join(parts) + source[at:]


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
