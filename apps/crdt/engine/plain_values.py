"""Values of attributes and marks in the form that all views can compare and write as JSON."""

from math import isfinite
from typing import Any


def plain_value(value: Any) -> Any:
    """Return a value as JSON can write it, with the keys of objects in order.

    The engine returns numbers as floats; integral ones become integers. JSON has no form for bytes,
    shared types, NaN and infinite numbers: they become None, as a browser writes the last two.
    """
    if isinstance(value, float):
        if not isfinite(value):
            return None
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: plain_value(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [plain_value(member) for member in value]
    return value if value is None or isinstance(value, str | int) else None
