"""Network namespaces by name, as iproute2 keeps them: a mount at /run/netns/<name> that `ip netns` sees too."""

from __future__ import annotations

import ctypes
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from labyard.errors import NetworkError

NAMESPACES = Path("/run/netns")
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_MS_BIND, _MS_REC, _MS_SHARED = 0x1000, 0x4000, 0x100000  # linux/mount.h
_MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)
_T = TypeVar("_T")


def path_of(name: str) -> Path:
    return NAMESPACES / name


def is_made(name: str) -> bool:
    """Whether a namespace is mounted there, not only the file for it. A namespace is on a file system of its own."""
    with suppress(FileNotFoundError):
        return path_of(name).stat().st_dev != NAMESPACES.stat().st_dev
    return False


def named(prefix: str) -> list[str]:
    """All names that begin so, half-made ones too."""
    if not NAMESPACES.is_dir():
        return []
    return sorted(entry.name for entry in NAMESPACES.iterdir() if entry.name.startswith(prefix))


def make(name: str) -> None:
    """Make what is missing of it."""
    with _locked():
        if is_made(name):
            return
        path_of(name).touch(mode=0o444)

        def mount() -> None:
            _check(_libc.unshare(_CLONE_NEWNET), "make a network namespace")
            _mount("/proc/thread-self/ns/net", path_of(name), _MS_BIND)

        _in_thread(mount)


def drop(name: str) -> None:
    """Unmount and forget it. The kernel ends it when the last process and socket in it are gone."""
    if not NAMESPACES.is_dir():
        return
    with _locked():
        while is_made(name):
            _check(_libc.umount2(os.fsencode(path_of(name)), _MNT_DETACH), f"unmount {path_of(name)}")
        path_of(name).unlink(missing_ok=True)


def inside(name: str, work: Callable[[], _T]) -> _T:
    """Do `work` in the namespace, in a thread of its own: a namespace belongs to a thread, and threads are reused.

    What it opens (sockets, taps, programs it starts) stays there. NetworkError when there is no such namespace.
    """

    def enter() -> _T:
        try:
            descriptor = os.open(path_of(name), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise NetworkError(f"the network namespace {name} is gone") from None
        try:
            _check(_libc.setns(descriptor, _CLONE_NEWNET), f"enter {name}")
        finally:
            os.close(descriptor)
        return work()

    return _in_thread(enter)


def _in_thread(work: Callable[[], _T]) -> _T:
    outcome: list[_T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # handed to the caller, whatever it is
            failure.append(error)

    thread = threading.Thread(target=run, name="network-namespace", daemon=True)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


@contextmanager
def _locked() -> Iterator[None]:
    """iproute2 takes the same lock before it prepares the directory (ip/ipnetns.c, netns_add)."""
    NAMESPACES.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor = os.open(NAMESPACES, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _share()
        yield
    finally:
        os.close(descriptor)


def _share() -> None:
    """Without this, namespaces dropped here would live on in the mounts of processes elsewhere, and the reverse.

    Sharing is refused only for what is no mount yet, and nothing else tells: a directory bound on itself looks alike.
    """
    shared = ctypes.c_ulong(_MS_SHARED | _MS_REC)
    if _libc.mount(b"none", os.fsencode(NAMESPACES), b"none", shared, None) != 0:
        _mount(NAMESPACES, NAMESPACES, _MS_BIND)
        _mount("none", NAMESPACES, _MS_SHARED | _MS_REC)


def _mount(source: str | Path, target: Path, flags: int) -> None:
    status = _libc.mount(os.fsencode(source), os.fsencode(target), b"none", ctypes.c_ulong(flags), None)
    _check(status, f"mount {target}")


def _check(status: int, what: str) -> None:
    if status != 0:
        number = ctypes.get_errno()
        hint = "serving needs root and a kernel with network namespaces" if number in (1, 22, 38) else None
        raise NetworkError(f"cannot {what}: {os.strerror(number)}", hint=hint)
