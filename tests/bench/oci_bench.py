"""OCI image to bootable disk, beside plain `tar -x` and `mke2fs -d` of the same tree. At most 1.5 times as long.

    python tests/bench/oci_bench.py TREE_OR_EXT4 [ROUNDS]

Both start from the same compressed layer in a file, and both end when the disk's bytes are on disk (`sync FILE`).
Fetching from a registry is not counted: the network is nobody's floor. Rounds alternate, medians are compared; root.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from labyard.images.aliases import Aliases
from labyard.images.oci.manifest import ARCHITECTURE
from labyard.images.store import ImageStore

_OCI = "application/vnd.oci.image"


@dataclass(frozen=True, slots=True)
class Figure:
    """Seconds, medians."""

    ours: float
    floor: float

    @property
    def ratio(self) -> float:
        return self.ours / self.floor


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


def measure(tree: Path, rounds: int = 3) -> Figure:
    """Alternating rounds in a folder on the disk that /var/tmp is on."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        layer = write_layout(tree, folder / "layout")
        pairs = []
        for number in range(rounds):
            os.sync()
            first = floor(layer, folder / f"floor{number}")
            os.sync()
            pairs.append((ours(folder / "layout", folder / f"ours{number}"), first))
    return Figure(statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs))


def main() -> None:
    source = Path(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        tree = source
        if source.is_file():
            tree = Path(name) / "tree"
            tree.mkdir()
            subprocess.run(["debugfs", "-R", f"rdump / {tree}", source], check=True, capture_output=True)
        figure = measure(tree, rounds)
    print(json.dumps({"ours": figure.ours, "floor": figure.floor, "ratio": round(figure.ratio, 2)}))


if __name__ == "__main__":
    main()
