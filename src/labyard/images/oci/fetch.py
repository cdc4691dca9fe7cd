"""From a reference to an image's layers on this disk, each of them what its digest says."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labyard.images.oci.manifest import Descriptor, Manifest, read_config, read_index_or_manifest
from labyard.images.oci.registry import Registry
from labyard.images.oci.unpacker import Layer
from labyard.images.problems import DiskFullError, HostileImageError

_AT_ONCE = 3
_MAX_NESTING = 4


@dataclass(frozen=True, slots=True)
class Found:
    """An image that a registry has: the digest of its manifest for this kind of box, and the manifest."""

    digest: str
    manifest: Manifest


async def look_up(registry: Registry, wanted: str, what: str) -> Found:
    """Follow indexes down to this box's manifest. MissingImageError, RegistryError, DigestError, HostileImageError."""
    for _ in range(_MAX_NESTING):
        data, digest = await registry.manifest(wanted)
        document = read_index_or_manifest(data, what)
        if isinstance(document, Manifest):
            read_config(await registry.document(document.config), what)
            return Found(digest, document)
        wanted = document.digest
    raise HostileImageError(f"{what} has indexes within indexes")


async def fetch_layers(
    registry: Registry, manifest: Manifest, folder: Path, progress: Callable[[int, int], None]
) -> list[Layer]:
    """Download every layer into `folder`, a few at a time. `progress` hears bytes done and in all."""
    blobs = list({layer.digest: layer for layer in manifest.layers}.values())
    total = sum(blob.size for blob in blobs)
    free = shutil.disk_usage(folder).free
    if total > free:
        raise DiskFullError(f"fetching the image: it has {total >> 20} MiB, and {free >> 20} MiB are free")
    done = 0
    gate = asyncio.Semaphore(_AT_ONCE)

    def add(size: int) -> None:
        nonlocal done
        done += size
        progress(done, total)

    async def fetch(blob: Descriptor) -> None:
        async with gate:
            await registry.fetch(blob, _place(folder, blob), add)

    await _all([fetch(blob) for blob in blobs])
    return [Layer(path=_place(folder, layer)) for layer in manifest.layers]


def _place(folder: Path, blob: Descriptor) -> Path:
    return folder / blob.digest.removeprefix("sha256:")


async def _all(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run them together; when one fails the others are ended before the error goes on."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
