"""Odd values that all grammars share: numbers, texts, JSON. Pure."""

import json
import random
from typing import Any, Final

from apps.crdt.codec.lib0 import encode_var_uint

NUMBERS: Final = (0, 1, 2, 127, 128, 2**31, 2**32 - 1, 2**32, 2**53 - 3, 2**53 - 1, 2**63, 2**70)
TEXTS: Final = (
    *(
        "",
        "a",
        "ada",
        "hello world",
        "ß",
        "\N{GRINNING FACE}",
        "\x00",
        "\u202e",
        chr(0xD800),
        "__proto__",
    ),
    *(
        "null",
        "NaN",
        "1e999",
        "<img src=x onerror=x>",
        "javascript:x",
        "../../x",
        "%00",
        "x" * 5_000,
    ),
)


def number(chance: random.Random) -> int:
    """Return a number of any size."""
    return chance.choice((chance.choice(NUMBERS), chance.randint(0, 300)))


def var_uint(chance: random.Random) -> bytes:
    """Return an encoded integer, sometimes one that is too long."""
    if chance.random() < 0.05:
        return b"\xff" * chance.randint(1, 12) + b"\x01"
    return encode_var_uint(number(chance))


def text(chance: random.Random) -> str:
    """Return a text."""
    return chance.choice(TEXTS)


def value(chance: random.Random, depth: int = 0) -> Any:
    """Return a value of JSON; deep ones are seldom."""
    roll = chance.random()
    if roll < 0.3:
        return chance.choice((None, True, False, float("nan"), float("inf"), -1, 0.5, 1e308))
    if roll < 0.5:
        return number(chance)
    if roll < 0.8 or depth > 4:
        return text(chance)
    if roll < 0.82:
        return nested(chance.choice((20, 60, 500)))
    if roll < 0.9:
        return [value(chance, depth + 1) for _ in range(chance.randint(0, 4))]
    return {text(chance): value(chance, depth + 1) for _ in range(chance.randint(0, 4))}


def nested(depth: int) -> Any:
    """Return lists inside each other."""
    inner: Any = []
    for _ in range(depth):
        inner = [inner]
    return inner


def json_text(chance: random.Random, content: Any) -> str:
    """Return JSON, sometimes with a number or a form that browsers refuse."""
    written = json.dumps(content)
    roll = chance.random()
    if roll < 0.05:
        return written[:-1]
    if roll < 0.1:
        return written.replace("0", "1e999", 1)
    return written


def mutated(chance: random.Random, data: bytes) -> bytes:
    """Return bytes with a few of them changed, doubled or left out."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(out))
        size = chance.randint(0, 4)
        out[at : at + size] = chance.choice(
            (chance.randbytes(chance.randint(0, 4)), out[at : at + size] * 2)
        )
    return bytes(out)
