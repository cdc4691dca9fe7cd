"""Images made here, a real registry on loopback, and a store in a folder of its own."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from labyard.images.aliases import Aliases
from labyard.images.oci.manifest import ARCHITECTURE
from labyard.images.store import ImageStore

OCI = "application/vnd.oci.image"


@dataclass
class Layout:
    """An OCI layout being written."""

    folder: Path
    blobs: Path = field(init=False)

    def __post_init__(self) -> None:
        self.blobs = self.folder / "blobs/sha256"
        self.blobs.mkdir(parents=True)

    def blob(self, data: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        (self.blobs / digest).write_bytes(data)
        return {"mediaType": f"{OCI}.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    def image(self, *layers: bytes, pack: Callable[[bytes], bytes] = gzip.compress) -> str:
        """Write index, manifest, configuration and layers; the manifest's digest."""
        diff_ids = [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in layers]
        config = {"os": "linux", "architecture": ARCHITECTURE, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": self.blob(json.dumps(config).encode(), "config.v1+json"),
            "layers": [self.blob(pack(data), "layer.v1.tar+gzip") for data in layers],
        }
        place = self.blob(json.dumps(manifest).encode(), "manifest.v1+json")
        index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": [place]}
        (self.folder / "index.json").write_text(json.dumps(index))
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        return str(place["digest"])


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    return ImageStore(tmp_path / "images", recipes=recipes, aliases=Aliases({}))


@dataclass
class LocalRegistry:
    """docker-registry with its files in `data`."""

    host: str
    data: Path
    log: Path

    def push(self, layout: Layout, name: str) -> str:
        """What to ask a store for."""
        target = f"docker://{self.host}/{name}"
        command = [
            "skopeo",
            "copy",
            "-q",
            "--preserve-digests",
            "--insecure-policy",
            "--dest-tls-verify=false",
            f"oci:{layout.folder}",
            target,
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return f"oci://{self.host}/{name}"

    def blob(self, digest: str) -> Path:
        plain = digest.removeprefix("sha256:")
        return self.data / f"docker/registry/v2/blobs/sha256/{plain[:2]}/{plain}/data"

    def fetched(self, digest: str) -> int:
        """How often a blob was asked for."""
        return self.log.read_text().count(f'"GET /v2/lab/image/blobs/{digest}')


@pytest.fixture
def registry_config() -> str:
    """More lines for the registry's configuration."""
    return ""


@pytest.fixture
async def registry(tmp_path: Path, registry_config: str) -> AsyncIterator[LocalRegistry]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    data, log, config = tmp_path / "registry", tmp_path / "registry.log", tmp_path / "registry.yml"
    config.write_text(
        f"version: 0.1\nlog: {{accesslog: {{disabled: false}}}}\n"
        f"storage: {{filesystem: {{rootdirectory: {data}}}}}\nhttp: {{addr: '{host}'}}\n{registry_config}"
    )
    with log.open("wb") as output:
        command = ["docker-registry", "serve", str(config)]
        process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: ASYNC220 - starts at once
        try:
            await _listening(host, process)
            yield LocalRegistry(host, data, log)
        finally:
            process.terminate()
            process.wait(timeout=30)


async def _listening(host: str, process: subprocess.Popen[bytes]) -> None:
    name, _, port = host.rpartition(":")
    async with asyncio.timeout(30):
        while True:
            assert process.poll() is None, "the registry has ended"
            try:
                _, writer = await asyncio.open_connection(name, int(port))
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)
