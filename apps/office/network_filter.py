"""A filter of system calls that denies the network to a process and to all that it becomes.

pandoc and typst open files and addresses that a document names unless they are told not to. They
are told (``--sandbox``, an empty root); this filter of the kernel (seccomp) holds where such a
promise is broken. Other systems than Linux, and other processors, have no filter.
"""

import ctypes
import platform
import struct
import sys
from typing import Final, NamedTuple

#: From ``linux/prctl.h`` and ``linux/seccomp.h``.
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_DENY: Final = 0x00050000 | 1  # SECCOMP_RET_ERRNO with EPERM
_ALLOW: Final = 0x7FFF0000
#: From ``linux/filter.h``: load a word, jump if equal, jump if greater or equal, return.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
#: Places of the call's number and the processor's name in ``struct seccomp_data``.
_NUMBER_AT, _MACHINE_AT = 0, 4
#: The first number of a second set of calls on x86-64 (x32), which nothing here needs.
_FOREIGN_CALLS: Final = 0x40000000


class _Machine(NamedTuple):
    """A processor: its number in ``linux/audit.h``, and its numbers of the denied calls.

    These are ptrace, socket, connect, accept, sendto, sendmsg, bind, listen, process_vm_readv,
    process_vm_writev, accept4, sendmmsg and io_uring_setup.
    """

    audit: int
    calls: tuple[int, ...]


_MACHINES: Final = {
    "x86_64": _Machine(0xC000003E, (101, 41, 42, 43, 44, 46, 49, 50, 310, 311, 288, 307, 425)),
    "aarch64": _Machine(
        0xC00000B7, (117, 198, 203, 202, 206, 211, 200, 201, 270, 271, 242, 269, 425)
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _compiled(machine: _Machine) -> bytes:
    """Return the filter: a call of another machine, or one of the list, is denied."""
    calls = machine.calls
    rules = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_IF_EQUAL, 0, len(calls) + 3, machine.audit),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IF_AT_LEAST, len(calls) + 1, 0, _FOREIGN_CALLS),
        *((_IF_EQUAL, len(calls) - index, 0, call) for index, call in enumerate(calls)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _DENY),
    ]
    return b"".join(struct.pack("=HBBI", *rule) for rule in rules)


_machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" else None
#: Made before any fork: a process between fork and exec is to do little.
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if _machine else None
_FILTER: Final = _compiled(_machine) if _machine else b""


def network_deny() -> None:
    """Deny the network to this process. Raises ``OSError`` if the kernel does not take the filter.

    There is no way back, also not for a program that this process becomes.
    """
    if _LIBC is None:
        return
    program = _Program(len(_FILTER) // 8, _FILTER)
    if _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")
    if _LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the filter of system calls was refused")
