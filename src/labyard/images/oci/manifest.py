"""What registries say an image is made of, Docker's and OCI's words alike. Pure; nothing in it is believed unread.

Formats: OCI image specification (manifest, image index, config) and Docker's image manifest version 2, schema 2.
"""

from __future__ import annotations

import json
import platform
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from labyard.images.problems import HostileImageError, MissingImageError

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
MAX_DOCUMENT = 4 << 20
MAX_LAYERS = 256
MAX_BLOB = 64 << 30
_LAYER_PREFIXES = (
    "application/vnd.oci.image.layer.",
    "application/vnd.docker.image.rootfs.",
)


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Platform(_Document):
    architecture: str = ""
    os: str = ""


class Descriptor(_Document):
    """A blob by its digest; `size` in bytes."""

    media_type: str = Field(default="", alias="mediaType")
    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0, le=MAX_BLOB)]
    platform: Platform | None = None


class Manifest(_Document):
    """One image: its configuration, and its layers from the lowest to the highest."""

    config: Descriptor
    layers: Annotated[tuple[Descriptor, ...], Field(max_length=MAX_LAYERS)]


class _Index(_Document):
    manifests: Annotated[tuple[Descriptor, ...], Field(max_length=1024)]


class _RootFs(_Document):
    diff_ids: Annotated[tuple[str, ...], Field(max_length=MAX_LAYERS)] = ()


class Config(_Document):
    """Of an image's configuration we read only what kind of box it is for, and the layers' digests once unpacked."""

    architecture: str = ""
    os: str = ""
    rootfs: _RootFs = _RootFs()


def read_index_or_manifest(data: bytes, what: str) -> Descriptor | Manifest:
    """A manifest, or the index's entry for this box's processor. MissingImageError when there is none for it."""
    document = _loads(data, what)
    kind = document.get("mediaType", "")
    try:
        if kind in INDEXES or (not kind and "manifests" in document):
            return _choose(_Index.model_validate(document), what)
        if kind in MANIFESTS or (not kind and "layers" in document):
            manifest = Manifest.model_validate(document)
            _check_layers(manifest, what)
            return manifest
    except ValidationError as error:
        raise HostileImageError(f"{what} has a manifest that is none: {_first(error)}") from error
    raise MissingImageError(f"{what} is not an image of a root file system (it is {str(kind)[:100] or 'unknown'!r})")


def read_config(data: bytes, what: str) -> Config:
    """MissingImageError when the image is for another kind of box."""
    try:
        config = Config.model_validate(_loads(data, what))
    except ValidationError as error:
        raise HostileImageError(f"{what} has a configuration that is none: {_first(error)}") from error
    if config.os not in ("", "linux") or config.architecture not in ("", ARCHITECTURE):
        raise MissingImageError(f"{what} is for {config.os}/{config.architecture}, this box is linux/{ARCHITECTURE}")
    return config


def _choose(index: _Index, what: str) -> Descriptor:
    for entry in index.manifests:
        place = entry.platform
        if place is None or (place.os == "linux" and place.architecture == ARCHITECTURE):
            return entry
    there = sorted(
        {f"{entry.platform.os}/{entry.platform.architecture}" for entry in index.manifests if entry.platform}
    )
    raise MissingImageError(f"{what} has nothing for linux/{ARCHITECTURE}, only for {', '.join(there) or 'nobody'}")


def _check_layers(manifest: Manifest, what: str) -> None:
    for layer in manifest.layers:
        if not layer.media_type.startswith(_LAYER_PREFIXES):
            raise MissingImageError(f"{what} is not a root file system: it has a part {layer.media_type[:100]!r}")


def _loads(data: bytes, what: str) -> dict[str, Any]:
    if len(data) > MAX_DOCUMENT:
        raise HostileImageError(f"{what} has a manifest of more than {MAX_DOCUMENT >> 20} MiB")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise HostileImageError(f"{what} has a manifest that is not JSON") from error
    if not isinstance(document, dict):
        raise HostileImageError(f"{what} has a manifest that is not an object")
    return document


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"[:200]
