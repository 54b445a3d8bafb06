"""HTML that is made to hurt its parser, tamed before the parser sees it.

The HTML standard asks a parser for work that grows with the square of the input: each tag may look
through all open elements, and formatting elements that were left open are opened again in each
paragraph, which makes gigabytes of a few kilobytes where they differ by their attributes.
Source: https://html.spec.whatwg.org/multipage/parsing.html, the list of active formatting elements.
"""

import re
from collections import Counter
from typing import Final

from apps.core.errors import InvalidInputError

#: Open elements, added up over all tags: 20,000 nested boxes, or a second of work.
MAX_WORK: Final = 200_000_000

#: A formatting element with attributes: only without them is the number of the open ones bounded.
_FORMATTING = re.compile(
    r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/])", re.IGNORECASE
)
#: The language of a code block stands at the inner of its two elements.
_CODE_BLOCK = re.compile(r"<pre([^<>]{0,200})>\s{0,20}<code(?=\s)([^<>]{0,200})>", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]{0,20})", re.IGNORECASE)
#: Elements without an end, and those that end by themselves where the next one begins.
_WITHOUT_END: Final = (
    "area base body br col dd dt embed head hr html img input li link meta optgroup option p param "
    "source tbody td tfoot th thead tr track wbr"
)
_UNCOUNTED: Final = frozenset(_WITHOUT_END.split())


class NestedTooDeepError(InvalidInputError):
    """The text nests deeper than can be followed."""

    code = "nested_too_deep"


def html_bounded(html: str) -> str:
    """Return HTML that says the same and is parsed in a moment. Raises ``NestedTooDeepError``."""
    if _work(html) > MAX_WORK:
        raise NestedTooDeepError("This HTML nests too deep.")
    named = _CODE_BLOCK.sub(r"<pre\1\2><code>", html)
    return _FORMATTING.sub(r"<\1><wbr", named)  # its attributes go to an element without content


def _work(html: str) -> int:
    """Return how many open elements the tags see, added up."""
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
