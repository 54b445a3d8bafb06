"""Values of attributes as all views write them."""

from typing import Any

import pycrdt
import pytest

from apps.crdt.engine.plain_values import plain_value


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (1.0, 1),
        (1.5, 1.5),
        (2**60, 2**60),
        (True, True),
        ("text", "text"),
        (None, None),
        (float("nan"), None),
        (float("-inf"), None),
        (bytearray(b"\xff"), None),
        (pycrdt.Map(), None),
        ({"b": [float("inf"), b"\x00"], "a": {}}, {"a": {}, "b": [None, None]}),
    ],
)
def test_plain_value_is_what_json_can_hold(value: Any, plain: Any) -> None:
    """Of the same type, too: an integral number is an integer, and a boolean is none."""
    assert plain_value(value) == plain
    assert type(plain_value(value)) is type(plain)
