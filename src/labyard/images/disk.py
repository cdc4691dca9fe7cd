"""A tree of files becomes a disk: one sparse ext4 that grows online to whatever size its machine's drive has."""

from __future__ import annotations

import asyncio
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from labyard.images.commands import run
from labyard.images.problems import HostileImageError

_BLOCK = 4096
_MIB = 1 << 20
# Room for the modules of a kernel and for a machine that is never grown.
_HEADROOM = 512 * _MIB
_INODE_HEADROOM = 16_384
_JOURNAL_MIB = 32
# Group descriptors are reserved up to this, so that the file system grows online without moving anything.
_GROWS_TO = 4 << 40
# The same disk whatever the distribution of the box: only what Linux 5.15 and later mount.
_FEATURES = (
    "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,"
    "huge_file,dir_nlink,extra_isize,metadata_csum"
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tree needs on a disk: bytes in whole blocks, and inodes."""

    size: int
    inodes: int


def measure(tree: Path) -> Usage:
    """Count a tree. Hard links count once; links are never followed. HostileImageError when it cannot be walked."""
    try:
        return _walk(tree)
    except OSError as error:
        raise HostileImageError(f"the image has files that cannot be read: {error.strerror}") from error


def _walk(tree: Path) -> Usage:
    size = inodes = 0
    seen: set[int] = set()
    pending = [os.fspath(tree)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                info = entry.stat(follow_symlinks=False)
                if info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode):
                    if info.st_ino in seen:
                        continue
                    seen.add(info.st_ino)
                inodes += 1
                # Sparse files stay sparse; every entry may cost a block of extents or a name.
                size += min(-(-info.st_size // _BLOCK) * _BLOCK, info.st_blocks * 512)
                if entry.is_dir(follow_symlinks=False):
                    size += _BLOCK
                    pending.append(entry.path)
    return Usage(size, inodes)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Virtual size in bytes, and how many of them there are for one inode."""

    size: int
    bytes_per_inode: int


def geometry(usage: Usage) -> Geometry:
    """The smallest comfortable disk for a tree. Pure."""
    inodes = usage.inodes + usage.inodes // 8 + _INODE_HEADROOM
    content = usage.size + usage.size // 32 + _HEADROOM + _JOURNAL_MIB * _MIB + inodes * 256
    size = -(-content // (64 * _MIB)) * 64 * _MIB
    for ratio in (16_384, 8_192, 4_096):
        if size // ratio >= inodes:
            return Geometry(size, ratio)
    return Geometry(-(-inodes * 4_096 // (64 * _MIB)) * 64 * _MIB, 4_096)


async def make_disk(tree: Path, target: Path) -> None:
    """Write `tree` as a read-only ext4 file at `target`, which does not exist yet."""
    usage = await asyncio.to_thread(measure, tree)
    plan = geometry(usage)
    options = f"root_owner=0:0,lazy_journal_init=1,resize={_GROWS_TO // _BLOCK}"
    await run(
        [
            *("mke2fs", "-q", "-F", "-t", "ext4", "-b", _str(_BLOCK), "-I", "256", "-m", "1"),
            *("-i", _str(plan.bytes_per_inode), "-J", f"size={_JOURNAL_MIB}", "-O", _FEATURES, "-E", options),
            *("-d", tree, target, f"{plan.size // 1024}k"),
        ],
        what="making the disk",
        env={**os.environ, "MKE2FS_CONFIG": os.devnull},
    )
    target.chmod(0o444)


def _str(number: int) -> str:
    return str(number)
