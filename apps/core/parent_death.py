"""The end of a process together with its parent, by the kernel (Linux)."""

import ctypes
import signal
import sys
from typing import Final

#: From ``linux/prctl.h``: the signal that a process gets when its parent dies.
_PR_SET_PDEATHSIG: Final = 1
#: Loaded before any fork: a process between fork and exec is to do little.
_LIBC: Final = ctypes.CDLL(None)


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent dies; nothing on other systems."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
