"""What `serve` and `up` are told, by arguments and by the environment."""

from __future__ import annotations

import dataclasses
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labyard.engine.parts import Parts
from labyard.engine.settings import EngineSettings
from labyard.errors import ConflictError
from labyard.images.aliases import Aliases
from labyard.images.kernels import KernelStore
from labyard.images.store import ImageStore
from labyard.network.dns_upstream import HostResolvers
from labyard.resources import built, resource

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What `serve` and `up` are told."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8800
    catalogs: tuple[Path, ...] = ()
    insecure_registries: frozenset[str] = frozenset()
    prepare_later: bool = False
    """Make the rest of the catalog's images and kernels while serving."""


def engine_settings(data: Path, mark: str, environ: Mapping[str, str]) -> EngineSettings:
    """The engine's settings, each changed by `LABYARD_<NAME>` where that is set; ConflictError when it is no number."""
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(EngineSettings):
        text = environ.get(f"LABYARD_{field.name.upper()}")
        if text is None or field.name in ("data", "mark"):
            continue
        try:
            changed[field.name] = float(text) if "float" in str(field.type) else int(text)
        except ValueError:
            raise ConflictError(f"LABYARD_{field.name.upper()} is {text!r}, not a number") from None
    return EngineSettings(data=data, mark=mark, **changed)


def make_parts(settings: Settings, mark: str) -> Parts:
    data = settings.data
    examiner = built(f"examiner-{_ARCHITECTURES.get(platform.machine(), platform.machine())}")
    return Parts(
        settings=engine_settings(data, mark, os.environ),
        images=ImageStore(
            data / "images",
            recipes=resource("images"),
            aliases=Aliases.read(resource("images") / "aliases.yaml", data / "aliases.yaml"),
            insecure_registries=settings.insecure_registries | _listed(os.environ.get("LABYARD_INSECURE_REGISTRIES")),
        ),
        kernels=KernelStore(data / "kernels", examiner=examiner),
        resolvers=HostResolvers(Path(os.environ.get("LABYARD_RESOLV_CONF", "/etc/resolv.conf"))),
    )


def _listed(text: str | None) -> frozenset[str]:
    """Words between commas."""
    return frozenset(word.strip() for word in (text or "").split(",")) - {""}
