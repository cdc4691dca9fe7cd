"""A process that can reach one folder and nothing else: in mount, network and process namespaces of its own, that
folder as its root (pivot_root, so there is no way back), no device openable there, and only the capabilities that
unpacking needs.

See mount(2), pivot_root(2), capabilities(7). Linux system calls by ctypes, since Python has none of them.
"""

from __future__ import annotations

import ctypes
import os
import resource
from pathlib import Path

_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 8, 32, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_CAPABILITY_VERSION = 0x20080522
# chown, dac_override, fowner, fsetid, mknod, setfcap
_KEPT = (0, 1, 3, 4, 27, 31)
_MEMORY = 4 << 30

_libc = ctypes.CDLL(None, use_errno=True)


def enter(folder: Path) -> None:
    """Make `folder` this process's whole world. The caller is in a mount namespace of its own (`unshare --mount`).

    Everything it will need must be imported and opened before. OSError when the kernel refuses.
    """
    os.umask(0)
    _mount("none", "/", _MS_REC | _MS_PRIVATE)
    _mount(os.fspath(folder), os.fspath(folder), _MS_BIND)
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    _mount("none", os.fspath(folder), _MS_REMOUNT | _MS_BIND | flags)
    os.chdir(folder)
    _check(_libc.pivot_root(b".", b"."))
    _check(_libc.umount2(b".", _MNT_DETACH))
    os.chdir("/")
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _drop_capabilities()


def _mount(source: str, target: str, flags: int) -> None:
    _check(_libc.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(flags), None))


def _drop_capabilities() -> None:
    number = 0
    while (number not in _KEPT and _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) == 0) or number in _KEPT:
        number += 1
    kept = sum(1 << capability for capability in _KEPT)
    low, high = kept & 0xFFFFFFFF, kept >> 32
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)
    _check(_libc.capset(header, sets))
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
