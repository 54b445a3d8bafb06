"""Folding of text for search: without case, width and accents. Pure, and the same in PostgreSQL.

PostgreSQL's own ``unaccent`` is an extension, which a managed or embedded server may not have.
"""

import re
import unicodedata
from functools import cache
from typing import Any, Final

from django.db.models import CharField, Func

#: Accents of Latin, Greek and Cyrillic letters. Marks of other scripts are letters to their
#: readers (the dakuten of Japanese, the vowels of Hindi) and stay.
_ACCENTS: Final = "\u0300-\u036f"
#: Letters with a stroke or a ligature, which Unicode does not take apart.
_SINGLE: Final = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ð": "d"}
_DOUBLE: Final = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
_ACCENT = re.compile(f"[{_ACCENTS}]")
_LETTERS = str.maketrans({**_SINGLE, **_DOUBLE})


def text_fold(text: str) -> str:
    """Return the form in which texts are compared in a search."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFKC", _ACCENT.sub("", apart).translate(_LETTERS))


@cache
def _letter_table() -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Return letters without accents, what each becomes, and those that become two letters.

    PostgreSQL's ``lower`` knows ASCII only in the locale C.
    """
    whole = [char for char in map(chr, range(0x80, 0x2000)) if char.isalpha()]
    folds = {char: text_fold(char) for char in whole if unicodedata.normalize("NFKD", char) == char}
    single = {char: fold for char, fold in folds.items() if len(fold) == 1 and fold != char}
    double = tuple((char, fold) for char, fold in folds.items() if len(fold) > 1)
    return "".join(single), "".join(single.values()), double


class Folded(Func):
    """``text_fold`` of a column, by PostgreSQL (in UTF-8)."""

    output_field = CharField()

    def as_sql(
        self,
        compiler: Any,
        connection: Any,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra_context: Any,
    ) -> tuple[str, tuple[str | int, ...]]:
        """Return the expression: apart, without accents, letters replaced, together again."""
        (column,) = self.get_source_expressions()
        sql, parameters = compiler.compile(column)
        letters, folds, double = _letter_table()
        sql = f"regexp_replace(lower(normalize({sql}, NFKD)), %s, '', 'g')"
        sql = f"translate({sql}, %s, %s)"
        parameters = [*parameters, f"[{_ACCENTS}]", letters, folds]
        for char, fold in double:
            sql = f"replace({sql}, %s, %s)"
            parameters += [char, fold]
        return f"normalize({sql}, NFKC)", tuple(parameters)
