"""A reader's process held to its limits: memory, file size, and no sockets.

Linux on x86-64 and ARM64 refuses the calls themselves, by a seccomp filter that needs no
privileges and that children inherit. Elsewhere `can_deny_network` says so, and the readers
rely on asking for nothing.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from typing import NamedTuple

PR_SET_NO_NEW_PRIVS = 38
SECCOMP_SET_MODE_FILTER = 1
SECCOMP_GET_ACTION_AVAIL = 2
SECCOMP_FILTER_FLAG_TSYNC = 1
RET_ALLOW = 0x7FFF0000
RET_ERRNO = 0x00050000
LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, RETURN = 0x20, 0x15, 0x35, 0x06
CALL_OFFSET, ARCHITECTURE_OFFSET = 0, 4
X32_CALLS = 0x40000000
IO_URING_SETUP = 425


class _Architecture(NamedTuple):
    audit: int
    seccomp: int
    socket: int


ARCHITECTURES = {
    "x86_64": _Architecture(audit=0xC000003E, seccomp=317, socket=41),
    "aarch64": _Architecture(audit=0xC00000B7, seccomp=277, socket=198),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def confine(memory_bytes: int, file_bytes: int) -> None:
    """Hold this process, and its children, to the limits of a reader from here on."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # native parsers write their complaints straight to these
    os.dup2(silence, 2)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _lower(resource.RLIMIT_AS, memory_bytes)
    _lower(resource.RLIMIT_FSIZE, file_bytes)
    _lower(resource.RLIMIT_CORE, 0)
    if can_deny_network():
        _deny_sockets(ARCHITECTURES[platform.machine()])


def _lower(limit: int, most: int) -> None:
    """Set a limit, or leave it where it is stricter already."""
    _, held = resource.getrlimit(limit)
    least = most if held == resource.RLIM_INFINITY else min(most, held)
    resource.setrlimit(limit, (least, least))


def can_deny_network() -> bool:
    """Whether this system can refuse sockets to its readers."""
    architecture = ARCHITECTURES.get(platform.machine())
    if architecture is None or sys.platform != "linux":
        return False
    action = ctypes.c_uint32(RET_ERRNO)
    library = ctypes.CDLL(None, use_errno=True)
    arguments = (architecture.seccomp, SECCOMP_GET_ACTION_AVAIL, 0, ctypes.byref(action))
    return int(library.syscall(*arguments)) == 0


def _deny_sockets(architecture: _Architecture) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    instructions = _assemble(architecture)
    program = _Program(len(instructions) // 8, instructions)
    arguments = (
        *(architecture.seccomp, SECCOMP_SET_MODE_FILTER),
        *(SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(program)),
    )
    is_refused = library.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or library.syscall(*arguments)
    if is_refused:
        raise OSError(ctypes.get_errno(), "the system did not take the filter against sockets")


def _assemble(architecture: _Architecture) -> bytes:
    """A filter that refuses new sockets, the ring that could make them, and foreign call tables."""
    refuse = RET_ERRNO | errno.EACCES
    return b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (LOAD, 0, 0, ARCHITECTURE_OFFSET),
            (JUMP_EQUAL, 0, 5, architecture.audit),
            (LOAD, 0, 0, CALL_OFFSET),
            (JUMP_GREATER_EQUAL, 3, 0, X32_CALLS),
            (JUMP_EQUAL, 2, 0, architecture.socket),
            (JUMP_EQUAL, 1, 0, IO_URING_SETUP),
            (RETURN, 0, 0, RET_ALLOW),
            (RETURN, 0, 0, refuse),
        )
    )
