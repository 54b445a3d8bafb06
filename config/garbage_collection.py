"""Garbage collection while a process imports its modules: nearly everything imported stays.

The interpreter's default looks for garbage among all of it again and again, which was a fifth of
the processor time of a start.
"""

import gc
from typing import Final

_DEFAULT: Final = gc.get_threshold()
#: New objects before a collection, and collections before one of the next older generation.
_WHILE_IMPORTING: Final = (50_000, 20, 100)


def collect_rarely() -> None:
    """Call before the imports of a process."""
    gc.set_threshold(*_WHILE_IMPORTING)


def collect_as_usual() -> None:
    """Call when the imports are done."""
    gc.set_threshold(*_DEFAULT)
