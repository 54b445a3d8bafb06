"""Bounds the work of the HTML parser for hostile HTML, before it is parsed.

By the HTML standard, parsing takes time that grows with the square of the input: each tag may look
through all open elements. And formatting elements that are left open are opened again in each
paragraph: a few kilobytes become gigabytes if their attributes differ.
Source: https://html.spec.whatwg.org/multipage/parsing.html, the list of active formatting elements.
"""

import re
from collections import Counter
from typing import Final

from apps.core.errors import InvalidInputError

#: Open elements, summed over all tags: 20,000 nested elements, or a second of work.
MAX_WORK: Final = 200_000_000

#: A formatting element with attributes. Without attributes, the standard bounds the open ones.
_FORMATTING = re.compile(
    r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/])", re.IGNORECASE
)
#: The inner one of a code block's two elements has its language.
_CODE_BLOCK = re.compile(r"<pre([^<>]{0,200})>\s{0,20}<code(?=\s)([^<>]{0,200})>", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]{0,20})", re.IGNORECASE)
#: Elements without an end tag, and elements that end implicitly where the next one starts.
_WITHOUT_END: Final = (
    "area base body br col dd dt embed head hr html img input li link meta optgroup option p param "
    "source tbody td tfoot th thead tr track wbr"
)
_UNCOUNTED: Final = frozenset(_WITHOUT_END.split())


class NestedTooDeepError(InvalidInputError):
    """The text nests deeper than the parser is allowed to follow."""

    code = "nested_too_deep"


def html_bounded(html: str) -> str:
    """Return equivalent HTML that is parsed in bounded time. Raises ``NestedTooDeepError``."""
    if _work(html) > MAX_WORK:
        raise NestedTooDeepError("This HTML nests too deep.")
    named = _CODE_BLOCK.sub(r"<pre\1\2><code>", html)
    return _FORMATTING.sub(r"<\1><wbr", named)  # the attributes move to an empty element


def _work(html: str) -> int:
    """Return the number of open elements at each tag, summed over all tags."""
    open_by_name: Counter[str] = Counter()
    depth = work = 0
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if name in _UNCOUNTED:
            pass
        elif not tag[1]:
            open_by_name[name] += 1
            depth += 1
        elif open_by_name[name]:
            open_by_name[name] -= 1
            depth -= 1
        work += depth
    return work
