"""Have layers unpacked by a jailed process."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import labyard
from labyard.errors import ImageError
from labyard.images.commands import run
from labyard.images.oci.tree import Limits
from labyard.images.oci.unpack import Job, LayerJob
from labyard.images.problems import DigestError, DiskFullError, HostileImageError

_LIMITS = Limits()
_ERRORS: dict[str, type[ImageError]] = {kind.code: kind for kind in (DigestError, DiskFullError, HostileImageError)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """A layer's blob on disk, with the digests that are still to be checked."""

    path: Path
    digest: str | None = None
    diff_id: str | None = None


async def unpack(
    layers: Sequence[Layer], tree: Path, *, limits: Limits = _LIMITS, progress: Callable[[int], None] | None = None
) -> None:
    """Apply `layers`, lowest first, to the empty folder `tree`. The caller throws the tree away when this raises.

    HostileImageError, DigestError, DiskFullError; nothing outside `tree` is ever touched.
    """

    def hear(line: str) -> None:
        word, _, number = line.partition(" ")
        if progress is not None and word == "bytes" and number.isdigit():
            progress(int(number))

    with contextlib.ExitStack() as stack:
        jobs = []
        for layer in layers:
            descriptor = os.open(layer.path, os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, descriptor)
            jobs.append(LayerJob(descriptor=descriptor, digest=layer.digest, diff_id=layer.diff_id))
        job = Job(tree=tree.absolute(), layers=tuple(jobs), max_size=limits.size, max_entries=limits.entries)
        package = Path(labyard.__file__).parent.parent
        answer = await run(
            [
                *("unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child"),
                *(sys.executable, "-P", "-m", "labyard.images.oci.unpack", job.model_dump_json()),
            ],
            what="unpacking the image",
            env={"PATH": os.defpath, "PYTHONPATH": os.fspath(package), "PYTHONDONTWRITEBYTECODE": "1"},
            pass_fds=[entry.descriptor for entry in jobs],
            on_line=hear,
        )
    result = json.loads(answer)
    if "error" in result:
        raise _ERRORS.get(result["error"], ImageError)(result["message"])
