"""Titles: cleaned for showing, folded for searching and sorting. Pure."""

import unicodedata
from collections.abc import Sequence

UNTITLED = "Untitled"

#: Stands before each stored key. One of the Mongo dialects compares text that begins like a date
#: ("2026-11-24 Minutes") as a date; nobody has this character in a title.
KEY_MARK = "\x01"

#: Control and format characters and lone surrogates: invisible, or refused by a database.
_UNWANTED = {"Cc", "Cs"}
#: What a regular expression reads as an operator, in every dialect that a Mongo server speaks.
_OPERATORS = frozenset(r"\.^$|?*+()[]{}")


def title_clean(text: str) -> str:
    """Return a title on one line, without control characters; ``Untitled`` when none is left."""
    visible = "".join(" " if unicodedata.category(char) in _UNWANTED else char for char in text)
    return " ".join(visible.split()) or UNTITLED


def title_fold(text: str) -> str:
    """Return the form in which titles are compared: NFKC and casefolded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def title_key(text: str) -> str:
    """Return what is stored to search in and sort by: the folded title behind ``KEY_MARK``."""
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
