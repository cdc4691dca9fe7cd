"""What the house is put together from: the data folder and the settings in force."""

from __future__ import annotations

import dataclasses
import platform
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from labyard.assembly.configuration import Configuration
from labyard.assembly.configured import read
from labyard.control.policy import Policy
from labyard.engine.parts import Parts
from labyard.engine.settings import EngineSettings
from labyard.images.aliases import Aliases
from labyard.images.kernels import KernelStore
from labyard.images.store import ImageStore
from labyard.network.dns_upstream import HostResolvers
from labyard.resources import built, resource
from labyard.server.services import ServerSettings

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What `serve` and `up` are told. Made by hand, `configuration` has the defaults; `read_settings` asks where it is set."""

    data: Path
    configuration: Configuration = Configuration()  # noqa: RUF009 - frozen, and asks nobody
    catalogs: tuple[Path, ...] = ()
    prepare_later: bool = False
    """Make the rest of the catalog's images and kernels while serving."""


def read_settings(
    data: Path, *, listen: str | None = None, log_format: str | None = None, prepare_later: bool = False
) -> Settings:
    """With the configuration in force. SettingsError when something of it is wrong."""
    configured = read({"listen": listen, "log_format": log_format})
    return Settings(data=data, configuration=configured.configuration, prepare_later=prepare_later)


def engine_settings(data: Path, mark: str, configuration: Configuration) -> EngineSettings:
    """The engine's own: seconds and bytes. Every field but the first two is a setting of the same name."""
    changed: dict[str, Any] = {}
    for each in dataclasses.fields(EngineSettings):
        if each.name not in ("data", "mark"):
            value = getattr(configuration, each.name)
            changed[each.name] = value.total_seconds() if isinstance(value, timedelta) else value
    return EngineSettings(data=data, mark=mark, **changed)


def policy(configuration: Configuration) -> Policy:
    """What is not an operator's to change keeps its default."""
    shared = Policy.model_fields.keys() & Configuration.model_fields.keys()
    return Policy(**{name: getattr(configuration, name) for name in shared})


def server_settings(configuration: Configuration) -> ServerSettings:
    """What requests are judged by. Without a public address: pages at `labyard.localhost`, and at the place we listen."""
    if configuration.public_url is None:
        host = configuration.place[0]
        return ServerSettings(names=(f"[{host}]" if ":" in host else host,))
    public = urlsplit(configuration.public_url)
    return ServerSettings(
        secure=public.scheme == "https", page_host=str(public.hostname), public_url=configuration.public_url
    )


def make_parts(settings: Settings, mark: str) -> Parts:
    data, configuration = settings.data, settings.configuration
    examiner = built(f"examiner-{_ARCHITECTURES.get(platform.machine(), platform.machine())}")
    return Parts(
        settings=engine_settings(data, mark, configuration),
        images=ImageStore(
            data / "images",
            recipes=resource("images"),
            aliases=Aliases.read(resource("images") / "aliases.yaml", data / "aliases.yaml"),
            insecure_registries=frozenset(configuration.insecure_registries),
        ),
        kernels=KernelStore(data / "kernels", examiner=examiner),
        resolvers=HostResolvers(configuration.resolv_conf),
    )
