# Plain strings for paths: a layer has tens of thousands of them.
# ruff: noqa: PTH101, PTH102, PTH103, PTH108, PTH120, PTH211
"""Apply layers, lowest first, to the tree at `/`: this runs inside the jail, where there is nothing else.

Whiteouts and opaque folders: OCI image specification, "Image Layer Filesystem Changeset".
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from labyard.images.oci.layerstream import LayerStream
from labyard.images.oci.tarstream import Kind, Member, members
from labyard.images.problems import DiskFullError, HostileImageError

_T = TypeVar("_T")
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_AUFS = ".wh..wh."
_CHECK_EVERY = 64 << 20
_XATTRS = ("user.", "security.capability", "system.posix_acl_")
_NOFOLLOW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much one image may be: `size` in bytes of files, `entries` over all layers, `reserve` in bytes left free."""

    size: int = 64 << 30
    entries: int = 2_000_000
    reserve: int = 256 << 20


class Tree:
    """The tree at `root` (`/` in the jail). `progress` hears how many bytes were written so far."""

    def __init__(self, limits: Limits, progress: Callable[[int], None], *, root: str = "/") -> None:
        self._limits = limits
        self._progress = progress
        self._root = root if root.endswith("/") else root + "/"
        self._size = 0
        self._entries = 0
        self._checked = 0
        self._mine: set[str] = set()
        self._folders: dict[str, int] = {}

    def apply(self, stream: LayerStream) -> None:
        """One layer. HostileImageError, DigestError or DiskFullError when it cannot be; the tree is then worthless."""
        self._mine = set()
        self._folders = {}
        try:
            for member in members(stream):
                self._add(member, stream)
            stream.finish()
            for path, mtime in self._folders.items():
                with suppress(FileNotFoundError):  # a later whiteout may have taken it
                    os.utime(path, ns=(mtime, mtime), follow_symlinks=False)
        except RecursionError as error:
            raise HostileImageError("a layer has folders that are too deep") from error
        except OSError as error:
            raise _translated(error) from error
        self._progress(self._size)

    def _add(self, member: Member, stream: LayerStream) -> None:
        self._count(member.size)
        name = member.parts[-1] if member.parts else ""
        if name.startswith(_WHITEOUT):
            self._white_out(member.parts[:-1], name)
            stream.skip(member.size)
            return
        path = self._root + member.path
        self._remember(member.parts)
        match member.kind:
            case Kind.DIRECTORY:
                self._folder(path, member)
                return
            case Kind.FILE:
                self._file(path, member, stream)
                return
            case Kind.HARD_LINK:
                self._hard_link(path, member)
                return
            case Kind.SYMLINK:
                self._fresh(path, lambda: os.symlink(member.target, path))
            case Kind.FIFO:
                self._fresh(path, lambda: os.mkfifo(path, 0o600))
            case Kind.CHARACTER | Kind.BLOCK:
                kind = stat.S_IFCHR if member.kind is Kind.CHARACTER else stat.S_IFBLK
                self._fresh(path, lambda: os.mknod(path, kind | 0o600, os.makedev(*member.device)))
        self._finish(path, member)

    def _count(self, size: int) -> None:
        self._entries += 1
        self._size += size
        if self._entries > self._limits.entries:
            raise HostileImageError(f"the image has more than {self._limits.entries} files")
        if self._size > self._limits.size:
            raise HostileImageError(f"the image has more than {self._limits.size >> 20} MiB of files")
        if self._size - self._checked >= _CHECK_EVERY or self._entries % 4096 == 0 or self._entries == 1:
            self._checked = self._size
            self._progress(self._size)
            disk = os.statvfs(self._root)
            if disk.f_bavail * disk.f_frsize - size < min(self._limits.reserve, disk.f_blocks * disk.f_frsize // 50):
                raise DiskFullError("unpacking the image: the disk is full")

    def _remember(self, parts: tuple[str, ...]) -> None:
        path = "/".join(parts)
        while path and path not in self._mine:
            self._mine.add(path)
            path = path.rpartition("/")[0]

    def _file(self, path: str, member: Member, stream: LayerStream) -> None:
        mode = member.mode
        file = self._fresh(path, lambda: os.open(path, _NOFOLLOW, mode))
        try:
            for piece in stream.pieces(member.size):
                written = os.write(file, piece)
                while written < len(piece):
                    written += os.write(file, piece[written:])
            if member.uid or member.gid:
                os.fchown(file, member.uid, member.gid)
                os.fchmod(file, mode)
            if member.xattrs:
                _set_xattrs(path, member.xattrs)
            os.utime(file, ns=(member.mtime, member.mtime))
        finally:
            os.close(file)

    def _folder(self, path: str, member: Member) -> None:
        try:
            os.mkdir(path, member.mode)
        except FileNotFoundError:
            self._parents(path)
            os.mkdir(path, member.mode)
        except FileExistsError:
            if not member.parts or stat.S_ISDIR(os.lstat(path).st_mode):
                pass
            else:
                os.unlink(path)
                os.mkdir(path, member.mode)
        os.lchown(path, member.uid, member.gid)
        os.chmod(path, member.mode)
        if member.xattrs:
            _set_xattrs(path, member.xattrs)
        self._folders[path] = member.mtime

    def _hard_link(self, path: str, member: Member) -> None:
        parts = tuple(part for part in member.target.split("/") if part and part != ".")
        target = self._root + "/".join(parts)
        if ".." in parts or target == path:
            raise HostileImageError(f"a layer has a hard link out of its tree: {member.target[:200]!r}")
        try:
            self._fresh(path, lambda: os.link(target, path, follow_symlinks=False))
        except (FileNotFoundError, PermissionError) as error:
            raise HostileImageError(f"a layer has a hard link to what is not there: {member.target[:200]!r}") from error

    def _finish(self, path: str, member: Member) -> None:
        if member.uid or member.gid:
            os.lchown(path, member.uid, member.gid)
        if member.kind is not Kind.SYMLINK:
            os.chmod(path, member.mode)
        if member.xattrs:
            _set_xattrs(path, member.xattrs)
        os.utime(path, ns=(member.mtime, member.mtime), follow_symlinks=False)

    def _fresh(self, path: str, make: Callable[[], _T]) -> _T:
        """Make something at `path` in place of whatever was there, which is never followed or written through."""
        try:
            return make()
        except FileExistsError:
            _remove(path)
        except FileNotFoundError:
            self._parents(path)
        return make()

    def _parents(self, path: str) -> None:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)

    def _white_out(self, folder: tuple[str, ...], name: str) -> None:
        inside = "/".join(folder)
        if name == _OPAQUE:
            self._clear(inside)
            return
        if name.startswith(_AUFS):
            return
        hidden = name.removeprefix(_WHITEOUT)
        if hidden in ("", ".", ".."):
            raise HostileImageError(f"a layer tries to leave its tree: {name!r}")
        path = f"{inside}/{hidden}" if inside else hidden
        if path not in self._mine:
            with suppress(FileNotFoundError, NotADirectoryError):
                _remove(self._root + path)

    def _clear(self, folder: str) -> None:
        """Remove what lower layers put into a folder, and keep what this one did."""
        try:
            with os.scandir(self._root + folder) as found:
                entries = list(found)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if path not in self._mine:
                _remove(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                self._clear(path)


def _remove(path: str) -> None:
    if stat.S_ISDIR(os.lstat(path).st_mode):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _set_xattrs(path: str, xattrs: dict[str, bytes]) -> None:
    for name, value in xattrs.items():
        if name.startswith(_XATTRS):
            try:
                os.setxattr(path, name, value, follow_symlinks=False)
            except OSError as error:
                if error.errno not in (errno.ENOTSUP, errno.EPERM) or name == "security.capability":
                    raise


def _translated(error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError("unpacking the image: the disk is full")
    return HostileImageError(f"a layer cannot be unpacked: {error.strerror}: {str(error.filename or '')[:200]!r}")
