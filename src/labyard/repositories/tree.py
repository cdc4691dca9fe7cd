"""What `git ls-tree -r -l -z` tells, and what of it can be taken. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from labyard.content.paths import why_no_path

_PLAIN: Final = (b"100644", b"100755")
MANIFESTS: Final = ("manifest.yaml", "manifest.yml", "playground.yaml", "playground.yml")
INDEX: Final = "index.md"
_MOST_CHOICES: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Blob:
    """A plain file. `size` in bytes; `path` from the top of the repository."""

    path: str
    object: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """`left_out`: links, submodules, and names that content cannot have."""

    blobs: tuple[Blob, ...]
    left_out: int


def read_listing(told: bytes) -> Listing:
    """ValueError for what Git does not say."""
    blobs: list[Blob] = []
    left_out = 0
    for entry in told.split(b"\0")[:-1]:
        head, _, name = entry.partition(b"\t")
        mode, kind, digest, size = head.split()
        path = name.decode(errors="replace")
        if kind != b"blob" or mode not in _PLAIN or why_no_path(path) is not None:
            left_out += 1
            continue
        blobs.append(Blob(path=path, object=digest.decode("ascii"), size=int(size)))
    return Listing(blobs=tuple(blobs), left_out=left_out)


def below(blobs: Iterable[Blob], folder: str) -> tuple[Blob, ...]:
    """Those in a folder; all, for the top."""
    return tuple(blob for blob in blobs if not folder or blob.path.startswith(f"{folder}/"))


def choices(blobs: Iterable[Blob]) -> tuple[str, ...]:
    """Folders that hold a lesson or a playground, without parts of a course: those lie below its index."""
    paths = [blob.path for blob in blobs]
    tops = sorted({_folder(path) for path in paths if path.rpartition("/")[2] in (INDEX, *MANIFESTS)})
    found: list[str] = []
    for top in tops:
        if len(found) == _MOST_CHOICES:
            break
        if not any(top.startswith(f"{other}/") for other in found):
            found.append(top)
    return tuple(found)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
