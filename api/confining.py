"""Shutting a process in: it reads and writes only what it was given, and calls nobody but whom it may.

Linux does it by Landlock (5.13 and later), which needs no rights: a process gives up what it does not need, for itself
and for whatever it starts, for good. Elsewhere nothing happens, and the other limits of a worker have to do.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["confine"]

#: Numbers of the system calls, the same on every machine since Linux 5.13 (include/uapi/asm-generic/unistd.h).
_CREATE: Final = 444
_ADD: Final = 445
_RESTRICT: Final = 446
_VERSION: Final = 1
_RULE_PATH: Final = 1
_RULE_PORT: Final = 2
_NO_NEW_PRIVILEGES: Final = 38

# What may be done with files, by its bit (include/uapi/linux/landlock.h).
_EXECUTE: Final = 1 << 0
_WRITE: Final = 1 << 1
_READ: Final = 1 << 2
_LIST: Final = 1 << 3
_TRUNCATE: Final = 1 << 14
_OF_FILES: Final = _EXECUTE | _WRITE | _READ | _TRUNCATE
#: Bits that each version of the interface knows.
_KNOWN: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_CONNECT: Final = 1 << 1
_BIND: Final = 1 << 0
#: From this version on connections can be held back.
_WITH_NETWORK: Final = 4


def confine(*, readable: Iterable[Path], writable: Iterable[Path], ports: Iterable[int] = ()) -> bool:
    """Give up everything but some files and folders, and some ports, in this process and all it starts.

    Parameters
    ----------
    readable : iterable of Path
        What may be read and run; what is not there is left out.
    writable : iterable of Path
        What may be changed too.
    ports : iterable of int
        TCP ports that may be called, on any machine.

    Returns
    -------
    bool
        False where the system cannot do it; then nothing has changed.
    """
    if platform.system() != "Linux":
        return False
    system = ctypes.CDLL(None, use_errno=True)
    version = system.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    if version < 1:
        return False
    known = _KNOWN[min(version, max(_KNOWN))]
    network = _CONNECT | _BIND if version >= _WITH_NETWORK else 0
    attributes = struct.pack("=QQ", known, network)[: 16 if network else 8]
    rules = system.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    if rules < 0:
        return False
    try:
        for path in readable:
            _allow(system, rules, path, known & (_EXECUTE | _READ | _LIST))
        for path in writable:
            _allow(system, rules, path, known)
        for port in ports if network else ():
            _add(system, rules, _RULE_PORT, struct.pack("=QQ", _CONNECT, port))
        done = system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return bool(done == 0 and system.syscall(_RESTRICT, rules, ctypes.c_uint32(0)) == 0)
    finally:
        os.close(rules)


def _allow(system: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    with suppress(FileNotFoundError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            wanted = rights if path.is_dir() else rights & _OF_FILES
            _add(system, rules, _RULE_PATH, struct.pack("=Qi", wanted, place))
        finally:
            os.close(place)


def _add(system: ctypes.CDLL, rules: int, kind: int, rule: bytes) -> None:
    if system.syscall(_ADD, rules, ctypes.c_int(kind), rule, ctypes.c_uint32(0)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
