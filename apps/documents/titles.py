"""Titles: cleaned for display, folded for search and order. Pure."""

import unicodedata
from collections.abc import Sequence

UNTITLED = "Untitled"

#: First character of each stored key. One Mongo dialect compares text that starts like a date
#: ("2026-11-24 Minutes") as a date; no title has this character.
KEY_MARK = "\x01"

#: Control and format characters and lone surrogates: invisible, or refused by a database.
_UNWANTED = {"Cc", "Cs"}
#: Controls of the direction of text (UAX 9): embeddings, overrides and isolates. They make a name
#: read as another one ("fdp.html" as "lmth.pdf"), also in the text around it. The invisible marks
#: that scripts from right to left need (U+200E, U+200F) stay.
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Categories and letters of which nothing is seen: spaces, format characters, fillers of scripts.
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
#: Operators of regular expressions, in every dialect of a Mongo server.
_OPERATORS = frozenset(r"\.^$|?*+()[]{}")


def title_clean(text: str) -> str:
    """Return a title on one line, without control characters; ``Untitled`` if nothing is seen."""
    visible = "".join(
        " " if unicodedata.category(char) in _UNWANTED else char
        for char in text
        if char not in _DIRECTION_CONTROLS
    )
    title = " ".join(visible.split())
    return title if any(map(_is_seen, title)) else UNTITLED


def _is_seen(char: str) -> bool:
    return unicodedata.category(char) not in _INVISIBLE and char not in _BLANK_LETTERS


def title_fold(text: str) -> str:
    """Return the form in which titles are compared: NFKC and casefolded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def title_key(text: str) -> str:
    """Return the stored key for search and order: ``KEY_MARK`` and the folded title."""
    return KEY_MARK + title_fold(text)


def pattern_escape(text: str) -> str:
    """Return a regular expression that matches ``text`` itself.

    Not ``re.escape``: that escapes spaces too, which not every server's dialect allows.
    """
    return "".join(f"\\{char}" if char in _OPERATORS else char for char in text)


def words_pattern(words: Sequence[str]) -> str:
    """Return a regular expression that matches a text with all words in it, in any order."""
    first, *others = map(pattern_escape, words)
    return f"^{''.join(f'(?=.*{word})' for word in (first, *others))}" if others else first
