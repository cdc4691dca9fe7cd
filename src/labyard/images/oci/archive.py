"""Images in files: OCI layouts (a folder, or one in a tar) and what `docker save` writes.

Formats: OCI image layout specification; Docker's image specification v1.2, "Combined Image JSON".
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from labyard.images.inside import resolve_inside
from labyard.images.oci.manifest import (
    MAX_DOCUMENT,
    MAX_LAYERS,
    Descriptor,
    Manifest,
    read_config,
    read_index_or_manifest,
)
from labyard.images.oci.unpacker import Layer, unpack
from labyard.images.problems import DigestError, HostileImageError, MissingImageError, SourceError

_MAX_NESTING = 4


class _Saved(BaseModel):
    """One image in `manifest.json`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    config: str = Field(alias="Config")
    layers: Annotated[tuple[str, ...], Field(alias="Layers", max_length=MAX_LAYERS)]


async def open_archive(path: Path, work: Path, what: str) -> tuple[str, list[Layer]]:
    """The digest of the image in `path` and its layers, which are checked while they are unpacked.

    A tar is taken apart in `work`, in the jail: it is as little trusted as a layer.
    """
    if not path.exists():
        raise SourceError(f"there is no file {path}")
    folder = path
    if not path.is_dir():
        folder = work / "archive"
        folder.mkdir(mode=0o755)
        await unpack([Layer(path=path)], folder)
    if resolve_inside(folder, "/index.json"):
        return _layout(folder, what)
    if resolve_inside(folder, "/manifest.json"):
        return _saved(folder, what)
    raise SourceError(f"{path} is neither an OCI layout nor what docker save writes")


def _layout(folder: Path, what: str) -> tuple[str, list[Layer]]:
    document = read_index_or_manifest(_read(folder, "index.json"), what)
    for _ in range(_MAX_NESTING):
        if isinstance(document, Manifest):
            raise HostileImageError(f"{what} has no index")
        digest = document.digest
        document = read_index_or_manifest(_blob(folder, document), what)
        if isinstance(document, Manifest):
            read_config(_blob(folder, document.config), what)
            layers = [Layer(path=_place(folder, layer), digest=layer.digest) for layer in document.layers]
            return digest, layers
    raise HostileImageError(f"{what} has indexes within indexes")


def _saved(folder: Path, what: str) -> tuple[str, list[Layer]]:
    try:
        images = [_Saved.model_validate(image) for image in json.loads(_read(folder, "manifest.json"))]
    except (ValueError, TypeError, RecursionError, ValidationError) as error:
        raise HostileImageError(f"{what} has a manifest.json that cannot be read") from error
    if len(images) != 1:
        raise SourceError(f"{what} holds {len(images)} images; save one at a time")
    data = _read(folder, images[0].config)
    config = read_config(data, what)
    if len(config.rootfs.diff_ids) != len(images[0].layers):
        raise HostileImageError(
            f"{what} has {len(images[0].layers)} layers and digests for {len(config.rootfs.diff_ids)}"
        )
    pairs = zip(images[0].layers, config.rootfs.diff_ids, strict=True)
    layers = [Layer(path=_inside(folder, name), diff_id=diff_id) for name, diff_id in pairs]
    return f"sha256:{hashlib.sha256(data).hexdigest()}", layers


def _blob(folder: Path, blob: Descriptor) -> bytes:
    data = _read(folder, f"blobs/sha256/{blob.digest.removeprefix('sha256:')}")
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != blob.digest:
        raise DigestError(f"a blob is not what its digest says: {blob.digest}")
    return data


def _place(folder: Path, blob: Descriptor) -> Path:
    return _inside(folder, f"blobs/sha256/{blob.digest.removeprefix('sha256:')}")


def _read(folder: Path, name: str) -> bytes:
    with _inside(folder, name).open("rb") as file:
        return file.read(MAX_DOCUMENT + 1)


def _inside(folder: Path, name: str) -> Path:
    place = resolve_inside(folder, f"/{name}")
    path = folder / place.lstrip("/") if place else None
    if path is None or not path.is_file():
        raise MissingImageError(f"the archive lacks its part {name[:200]!r}")
    return path
