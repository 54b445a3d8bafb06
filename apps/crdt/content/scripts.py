"""Raised and lowered text in formats without a form for it: "10⁶", never "106"."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from apps.crdt.content.names import mark_name
from apps.crdt.content.prosemirror import Node

_SCRIPTS: Final = {
    "superscript": ("^", str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")),
    "subscript": ("_", str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")),
}
#: First characters of what would continue a number. Others (a bracket, a star) stand apart from it.
_SIGNS: Final = "+-−=±.,"
#: Endings of ordinals, which read well on the line behind their number.
_ORDINALS: Final = frozenset({"st", "nd", "rd", "th", "e", "er", "re", "ème", "º", "ª"})


def scripts_as_text(leaves: Iterable[Node | None]) -> Iterator[Node | None]:
    """Yield the texts of lines; what is raised or lowered is so in its characters."""
    after = ""
    for script, run in groupby(leaves, _script):
        texts = list(run)
        if script:
            texts = [*_with_script([leaf for leaf in texts if leaf], script, after)]
        for leaf in texts:
            after = leaf.get("text", "")[-1:] if leaf else ""
            yield leaf


def _script(leaf: Node | None) -> str:
    names = map(mark_name, leaf.get("marks", ()) if leaf else ())
    return next((name for name in names if name in _SCRIPTS), "")


def _with_script(nodes: list[Node], script: str, after: str) -> list[Node]:
    """Return texts of one script: in such characters, or after a sign.

    ``after`` is the character before them.
    """
    words = "".join(node.get("text", "") for node in nodes)
    is_ordinal = words in _ORDINALS and after.isdigit()
    is_apart = not words.strip() or not (words.strip()[0].isalnum() or words.strip()[0] in _SIGNS)
    if is_apart or is_ordinal:
        return nodes
    sign, characters = _SCRIPTS[script]
    if all(ord(char) in characters for char in words):
        return [{**node, "text": node.get("text", "").translate(characters)} for node in nodes]
    around = (sign, "") if words.isalnum() else (f"{sign}(", ")")
    first, last = (
        {"type": "text", "text": text, "marks": node.get("marks", ())}
        for text, node in zip(around, (nodes[0], nodes[-1]), strict=True)
    )
    return [first, *nodes, last]
