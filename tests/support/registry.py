"""OCI images made here, and a real registry on loopback."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labyard.images.oci.manifest import ARCHITECTURE

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


@contextmanager
def local_registry(folder: Path, config: str = "") -> Iterator[LocalRegistry]:
    """Debian's docker-registry, ended with the context. `config`: more lines of its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    data, log, path = folder / "registry", folder / "registry.log", folder / "registry.yml"
    path.write_text(
        f"version: 0.1\nlog: {{accesslog: {{disabled: false}}}}\n"
        f"storage: {{filesystem: {{rootdirectory: {data}}}}}\nhttp: {{addr: '{host}'}}\n{config}"
    )
    with log.open("wb") as output:
        process = subprocess.Popen(["docker-registry", "serve", str(path)], stdout=output, stderr=output)
        try:
            _listening(host, process)
            yield LocalRegistry(host, data, log)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _listening(host: str, process: subprocess.Popen[bytes]) -> None:
    name, _, port = host.rpartition(":")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, "the registry has ended"
        try:
            socket.create_connection((name, int(port)), timeout=5).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("the registry does not answer")
