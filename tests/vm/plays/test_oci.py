"""Plain images of other people, from a registry and from archives, through a server with a store of its own."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.lab import Lab, serving
from tests.support.registry import Layout, LocalRegistry, local_registry

pytestmark = pytest.mark.vm

MANIFEST = """\
kind: playground
name: plain
title: A plain image boots
playground:
  networks:
    - name: local
      subnet: 172.16.0.0/24
  machines:
    - name: one
      users: [{name: root}]
      drives: [{source: SOURCE, mount: /}]
      network: {interfaces: [{network: local}]}
      resources: {cpuCount: 1, ramSize: 128MiB}
"""

ACCOUNTS = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": b"root:x:0:\n",
    "etc/plain": b"nobody prepared this\n",
}


def busybox_layer() -> bytes:
    """As the well-known image has it: one program under all of its names, three files, no init."""
    program = Path("/usr/bin/busybox").read_bytes()
    applets = subprocess.run(["/usr/bin/busybox", "--list"], check=True, capture_output=True, text=True).stdout.split()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for folder in ("bin", "etc", "root", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        entry = tarfile.TarInfo("bin/busybox")
        entry.size, entry.mode = len(program), 0o755
        tar.addfile(entry, io.BytesIO(program))
        for name in sorted(set(applets) - {"busybox", "init", "linuxrc"}):
            entry = tarfile.TarInfo(f"bin/{name}")
            entry.type, entry.linkname, entry.mode = tarfile.LNKTYPE, "bin/busybox", 0o755
            tar.addfile(entry)
        for name, content in ACCOUNTS.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def registry(own_box: None, tmp_path: Path) -> Iterator[LocalRegistry]:
    with local_registry(tmp_path / "hub") as registry:
        yield registry


@pytest.fixture
def own_lab(own_box: None, folder: Path) -> Iterator[Lab]:
    """With an image store of its own, for images are removed here."""
    with serving(folder / "oci", shared=("kernels",)) as lab:
        yield lab
        lab.destroy_all()
        assert not lab.left(), lab.left()


def test_a_plain_image_from_a_registry_and_from_an_archive(
    own_lab: Lab, registry: LocalRegistry, tmp_path: Path
) -> None:
    lab = own_lab
    layout = Layout(tmp_path / "layout")
    layout.image(busybox_layer())
    source = registry.push(layout, "library/plain:1")
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(MANIFEST.replace("SOURCE", source))
    play = lab.start("-f", str(manifest))
    assert lab.run(play, "cat /etc/plain; hostname; id -un") == "nobody prepared this\none\nroot\n"
    assert "172.16.0.2/24" in lab.run(play, "ip -o -4 addr show eth0")

    (image,) = [image for image in lab.json("image", "list") if image["source"] == source]
    assert image["used_by"] == [play]
    used = lab.cli("image", "remove", source, check=False)
    assert used.returncode != 0
    assert "in use" in used.stderr
    lab.cli("image", "gc")
    assert lab.run(play, "cat /etc/plain") == "nobody prepared this\n", "an image in use outlives gc"
    lab.cli("playground", "destroy", play)
    lab.cli("image", "remove", source)
    assert source not in lab.cli("image", "list").stdout

    lab.cli("image", "pull", source)
    assert source in lab.cli("image", "list").stdout
    lab.cli("image", "gc")
    archive = tmp_path / "plain.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(layout.folder, arcname=".")
    assert lab.cli("image", "import", str(archive), "--name", "mine").stdout.strip() == "mine"
    manifest.write_text(MANIFEST.replace("SOURCE", "mine"))
    play = lab.start("-f", str(manifest))
    assert lab.run(play, "cat /etc/plain") == "nobody prepared this\n"

    refused = lab.cli("image", "pull", f"{source}@sha256:{'0' * 64}", check=False)
    assert refused.returncode != 0
    gone = lab.cli("image", "remove", "nobody-has-this", check=False)
    assert gone.returncode != 0
