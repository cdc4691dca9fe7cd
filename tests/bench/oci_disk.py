"""OCI image to bootable disk, beside plain `tar -x` and `mke2fs -d` of the same tree. At most 1.5 times as long.

Both start from the same compressed layer in a file, and both end when the disk's bytes are on disk (`sync FILE`).
Fetching from a registry is not counted: the network is nobody's floor. Rounds alternate, medians are compared.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from labyard.assembly.settings import make_parts, read_settings
from labyard.images.aliases import Aliases
from labyard.images.oci.manifest import ARCHITECTURE
from labyard.images.store import ImageStore
from tests.bench.figure import Figure, of_rounds
from tests.support.lab import Lab

_OCI = "application/vnd.oci.image"


async def oci_disk(lab: Lab, rounds: int) -> list[Figure]:
    """The tree is that of the `debian-12` recipe."""
    image = await _image(lab)
    return await asyncio.to_thread(_measure, image, rounds)


def write_layout(tree: Path, folder: Path) -> Path:
    """An OCI layout with `tree` as its one gzipped layer; the layer's file."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    plain = folder / "layer.tar"
    pack = ["tar", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-C", str(tree), "-cf", str(plain), "."]
    subprocess.run(pack, check=True)
    data = plain.read_bytes()
    plain.unlink()

    def blob(content: bytes, kind: str) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"mediaType": f"{_OCI}.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    layer = blob(gzip.compress(data, 6), "layer.v1.tar+gzip")
    diff_ids = [f"sha256:{hashlib.sha256(data).hexdigest()}"]
    config = {"os": "linux", "architecture": ARCHITECTURE, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": blob(json.dumps(config).encode(), "config.v1+json"),
        "layers": [layer],
    }
    place = blob(json.dumps(manifest).encode(), "manifest.v1+json")
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [place]}))
    return blobs / str(layer["digest"]).removeprefix("sha256:")


def floor(layer: Path, work: Path) -> float:
    """What two programs need."""
    tree, disk = work / "tree", work / "disk.ext4"
    tree.mkdir(parents=True)
    began = time.perf_counter()
    unpack = ["tar", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpzf", str(layer), "-C", str(tree)]
    subprocess.run(unpack, check=True)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, disk, "2G"], check=True, capture_output=True)
    subprocess.run(["sync", disk], check=True)
    taken = time.perf_counter() - began
    shutil.rmtree(work)
    return taken


def ours(layout: Path, work: Path) -> float:
    """From the layout to an image in a store, checked by digest."""
    (work / "recipes").mkdir(parents=True)
    store = ImageStore(work / "images", recipes=work / "recipes", aliases=Aliases({}))
    began = time.perf_counter()
    asyncio.run(store.import_archive(layout, "bench"))
    taken = time.perf_counter() - began
    shutil.rmtree(work)
    return taken


def _measure(image: Path, rounds: int) -> list[Figure]:
    """In a folder on the disk that /var/tmp is on."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        tree = folder / "tree"
        tree.mkdir()
        subprocess.run(["debugfs", "-R", f"rdump / {tree}", image], check=True, capture_output=True)
        layer = write_layout(tree, folder / "layout")
        pairs = []
        for number in range(rounds):
            os.sync()
            first = floor(layer, folder / f"floor{number}")
            os.sync()
            pairs.append((ours(folder / "layout", folder / f"ours{number}"), first))
    return [of_rounds("OCI image to bootable disk", "s", pairs, "tar -x and mke2fs -d of the same tree", limit=1.5)]


async def _image(lab: Lab) -> Path:
    store = make_parts(read_settings(lab.data), mark=lab.mark).images
    return (await store.ensure("debian-12")).path
