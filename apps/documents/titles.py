"""Titles: cleaned for display, folded for search and order. Pure."""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache

from apps.core.folding import text_fold

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
#: Accents that no letter includes, as in the folded form of "İ".
_ACCENTS = "[\u0300-\u036f]*"
#: The blocks of Latin, Greek and Cyrillic.
_LETTERS_WITH_ACCENTS = range(0x61, 0x2000)
#: A longer search is compared with its accents: patterns are bounded (32 KiB in MongoDB).
_ACCENTED_MAX_CHARS = 100


def title_clean(text: str) -> str:
    """Return a title on one line, without control characters; ``Untitled`` if nothing is seen."""
    return line_clean(text) or UNTITLED


def line_clean(text: str) -> str:
    """Return a text on one line, without control characters; "" if nothing of it is seen."""
    visible = "".join(
        " " if unicodedata.category(char) in _UNWANTED else char
        for char in text
        if char not in _DIRECTION_CONTROLS
    )
    line = " ".join(visible.split())
    return line if any(map(_is_seen, line)) else ""


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


def search_pattern(search: str) -> str:
    """Return a regular expression for the folded titles that a search finds; "" finds all.

    They have all its words, in any order; accents do not count.
    """
    if len(search) > _ACCENTED_MAX_CHARS:
        return words_pattern([pattern_escape(word) for word in title_fold(search).split()])
    return words_pattern([_accents_ignored(word) for word in text_fold(search).split()])


def words_pattern(patterns: Sequence[str]) -> str:
    """Return a regular expression that matches a text with all these in it, in any order."""
    if len(patterns) < 2:
        return "".join(patterns)
    return f"^{''.join(f'(?=.*{pattern})' for pattern in patterns)}"


def _accents_ignored(word: str) -> str:
    """Return a regular expression that matches ``word`` with any accents."""
    letters, pattern, at = _accented_letters(), "", 0
    while at < len(word):
        pair, char = word[at : at + 2], word[at]
        if pair in letters:
            apart = "".join(_letter_pattern(letter) for letter in pair)
            pattern += f"(?:{apart}|[{letters[pair]}]{_ACCENTS})"
            at += 2
        else:
            pattern += _letter_pattern(char)
            at += 1
    return pattern


def _letter_pattern(char: str) -> str:
    accented = _accented_letters().get(char, "")
    return f"[{char}{accented}]{_ACCENTS}" if accented else pattern_escape(char)


@cache
def _accented_letters() -> Mapping[str, str]:
    """Return the letters of folded titles that ``text_fold`` changes, by what it makes of them."""
    letters: dict[str, str] = {}
    for char in map(chr, _LETTERS_WITH_ACCENTS):
        plain = text_fold(char)
        if char.isalpha() and title_fold(char) == char and plain != char:
            letters[plain] = letters.get(plain, "") + char
    return letters
