"""The store against a real registry: fetch, verify, share, give up, clean up."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from labyard.errors import ImageError, NotFoundError
from labyard.images.aliases import Aliases
from labyard.images.progress import Progress
from labyard.images.rootimage import InitSystem
from labyard.images.store import ImageStore

pytestmark = pytest.mark.root


def layer(**files: bytes) -> bytes:
    """A layer of files; `__` in a name is a slash."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


SYSTEM = layer(
    etc__passwd=b"root:x:0:0:root:/root:/bin/sh\nlaborant:x:1001:1001::/home/laborant:/bin/bash\n",
    usr__lib__systemd__systemd=b"\x7fELF",
)


def read(image: Path, path: str) -> str:
    """A file in an image that is not mounted."""
    return command(["debugfs", "-R", f"cat {path}", image])


def command(argv: list[str | Path]) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def left_over(store_root: Path) -> list[str]:
    """What is neither a finished image nor a lock."""
    return [
        str(path.relative_to(store_root))
        for path in store_root.rglob("*")
        if path.parent.name in ("work", "disks", "sources", "boot") and path.is_relative_to(store_root)
    ]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, bytes])
async def test_an_image_from_a_registry(
    store: ImageStore, registry: Any, layout: Any, pack: Callable[[bytes], bytes]
) -> None:
    digest = layout.image(SYSTEM, layer(etc__motd=b"hello"), pack=pack)
    heard: list[Progress] = []
    image = await store.ensure(registry.push(layout, "lab/image:1"), heard.append)
    assert image.digest == digest
    assert image.has_init is InitSystem.SYSTEMD
    assert image.users == ("root", "laborant")
    assert store.users(image.source) == image.users
    assert store.users("oci://127.0.0.1:1/x:y") is store.users("nowhere") is None
    assert read(image.path, "/etc/motd") == "hello"
    assert image.path.stat().st_mode & 0o777 == 0o444
    assert image.size == image.path.stat().st_size
    assert image.path.stat().st_blocks * 512 < image.size // 10
    command(["e2fsck", "-fn", image.path])
    fetching = [one for one in heard if one.step == "fetching"]
    assert fetching[-1].done == fetching[-1].total
    assert heard[-1].finished


async def test_two_at_once_fetch_once(store: ImageStore, registry: Any, layout: Any, tmp_path: Path) -> None:
    """In one process, and in another one besides."""
    layout.image(SYSTEM)
    source = registry.push(layout, "lab/image:1")
    config = json.loads((layout.folder / "index.json").read_text())["manifests"][0]["digest"].removeprefix("sha256:")
    blob = json.loads((layout.blobs / config).read_text())["layers"][0]["digest"]
    program = (
        "import asyncio, sys; from pathlib import Path; from labyard.images.store import ImageStore;"
        "from labyard.images.aliases import Aliases; root = Path(sys.argv[1]);"
        "store = ImageStore(root / 'images', recipes=root / 'recipes', aliases=Aliases({}));"
        "print(asyncio.run(store.ensure(sys.argv[2])).digest)"
    )
    source_tree = str(Path(__file__).parents[3] / "src")
    other = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, str(tmp_path), source),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": source_tree, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    images = await asyncio.gather(store.ensure(source), store.ensure(source))
    output, _ = await asyncio.wait_for(other.communicate(), 60)
    assert {image.digest for image in images} == {output.decode().strip()}
    assert registry.fetched(blob) == 1


async def test_a_blob_that_is_not_what_its_digest_says(
    store: ImageStore, registry: Any, layout: Any, tmp_path: Path
) -> None:
    layout.image(SYSTEM)
    source = registry.push(layout, "lab/image:1")
    place = json.loads((layout.folder / "index.json").read_text())["manifests"][0]["digest"]
    manifest = json.loads(registry.blob(place).read_text())
    blob = registry.blob(manifest["layers"][0]["digest"])
    data = bytearray(blob.read_bytes())
    data[-9] ^= 1
    blob.write_bytes(data)
    with pytest.raises(ImageError) as caught:
        await store.ensure(source)
    assert caught.value.code == "image-digest"
    assert left_over(tmp_path / "images") == []


async def test_what_is_not_there(store: ImageStore, registry: Any, layout: Any) -> None:
    layout.image(SYSTEM)
    source = registry.push(layout, "lab/image:1")
    for wrong in (
        f"oci://{registry.host}/lab/image:2",
        f"oci://{registry.host}/lab/none:1",
        f"{source}@sha256:{'0' * 64}",
    ):
        with pytest.raises(ImageError) as caught:
            await store.ensure(wrong)
        assert caught.value.code == "image-missing"
        assert await store.check(wrong) == str(caught.value)
    assert await store.check(source) is None


async def test_a_digest_pins(store: ImageStore, registry: Any, layout: Any) -> None:
    digest = layout.image(SYSTEM)
    source = registry.push(layout, "lab/image:1")
    assert (await store.ensure(f"{source}@{digest}")).digest == digest


@pytest.mark.parametrize("step", ["fetching", "unpacking", "making the disk"])
async def test_giving_up_leaves_nothing_and_the_next_one_works(
    store: ImageStore, registry: Any, layout: Any, tmp_path: Path, step: str
) -> None:
    layout.image(SYSTEM)
    source = registry.push(layout, "lab/image:1")

    def give_up(progress: Progress) -> None:
        if progress.step == step:
            work.cancel()

    work = asyncio.ensure_future(store.ensure(source, give_up))
    with pytest.raises(asyncio.CancelledError):
        await work
    assert left_over(tmp_path / "images") == []
    assert (await store.ensure(source)).users == ("root", "laborant")


async def test_what_a_killed_process_left_is_swept(store: ImageStore, layout: Any, tmp_path: Path) -> None:
    dead = tmp_path / "images/work/0123456789abcdef"
    (dead / "tree").mkdir(parents=True)
    dead.with_suffix(".lock").touch()
    layout.image(SYSTEM)
    await store.import_archive(layout.folder, "mine")
    assert not dead.exists()
    assert [path for path in left_over(tmp_path / "images") if path.startswith("work")] == []


async def test_a_full_disk_leaves_nothing(small_disk: Path, layout: Any, tmp_path: Path) -> None:
    recipes = tmp_path / "none"
    recipes.mkdir()
    store = ImageStore(small_disk / "images", recipes=recipes, aliases=Aliases({}))
    noise = gzip.compress(bytes(1)) + bytes(range(256)) * (30 << 12)
    layout.image(SYSTEM, layer(big=noise))
    with pytest.raises(ImageError) as caught:
        await store.import_archive(layout.folder, "mine")
    assert caught.value.code == "image-disk-full"
    assert left_over(small_disk / "images") == []


@pytest.mark.parametrize("form", ["folder", "oci-archive", "docker-archive"])
async def test_archives(store: ImageStore, layout: Any, tmp_path: Path, form: str) -> None:
    layout.image(SYSTEM, layer(etc__motd=b"hello"))
    path = layout.folder
    if form != "folder":
        path = tmp_path / "archive.tar"
        target = f"{form}:{path}:lab/image:1"
        command(["skopeo", "copy", "-q", "--insecure-policy", f"oci:{layout.folder}", target])
    image = await store.import_archive(path, "mine")
    assert read(image.path, "/etc/motd") == "hello"
    assert (await store.ensure("mine")).digest == image.digest


async def test_an_archive_can_stand_in_for_a_registry(store: ImageStore, layout: Any) -> None:
    layout.image(SYSTEM)
    await store.import_archive(layout.folder, "oci://registry.invalid/lab/image")
    assert await store.check("oci://registry.invalid/lab/image:latest") is None
    assert (await store.ensure("oci://registry.invalid/lab/image:latest")).users[0] == "root"


async def test_an_archive_whose_layer_was_changed(store: ImageStore, layout: Any, tmp_path: Path) -> None:
    layout.image(SYSTEM, pack=bytes)
    for blob in layout.blobs.iterdir():
        if blob.read_bytes() == SYSTEM:
            blob.write_bytes(SYSTEM.replace(b"laborant", b"intruder"))
    with pytest.raises(ImageError) as caught:
        await store.import_archive(layout.folder, "mine")
    assert caught.value.code == "image-digest"
    assert left_over(tmp_path / "images") == []


async def test_folders_deeper_than_any_path(store: ImageStore, layout: Any, tmp_path: Path) -> None:
    """A link to the deepest folder that can be named, and as many folders again behind it."""
    deep = "/".join(["d"] * 2000)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, target in ((deep, ""), ("link", deep), (f"link/{deep}", "")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = (tarfile.SYMTYPE, target) if target else (tarfile.DIRTYPE, "")
            info.mode = 0o755
            tar.addfile(info)
    layout.image(out.getvalue())
    with pytest.raises(ImageError) as caught:
        await store.import_archive(layout.folder, "mine")
    assert caught.value.code == "image-hostile"
    assert left_over(tmp_path / "images") == []


async def test_remove_and_collect(store: ImageStore, layout: Any, tmp_path: Path) -> None:
    layout.image(SYSTEM)
    await store.import_archive(layout.folder, "one")
    await store.import_archive(layout.folder, "two")
    await store.remove("one")
    assert [image.source for image in await store.list()] == ["two"]
    assert await store.gc(["two"]) == 0
    digest = (await store.ensure("two")).digest
    assert await store.gc([digest]) == 0
    assert await store.gc([]) > 0
    assert await store.list() == []
    assert left_over(tmp_path / "images") == []
    with pytest.raises(NotFoundError):
        await store.remove("two")


class TestWithPassword:
    """A registry that wants a name and a password; `laborant`, `secret` in htpasswd(1)'s bcrypt."""

    @pytest.fixture
    def registry_config(self, tmp_path: Path) -> str:
        hashed = "$2b$05$abcdefghijklmnopqrstuu"
        (tmp_path / "htpasswd").write_text(f"laborant:{hashed}\n")
        return f"auth: {{htpasswd: {{realm: lab, path: {tmp_path / 'htpasswd'}}}}}\n"

    async def test_without_and_with_a_wrong_one(self, store: ImageStore, registry: Any, tmp_path: Path) -> None:
        with pytest.raises(ImageError) as caught:
            await store.ensure(f"oci://{registry.host}/lab/image:1")
        assert caught.value.code == "image-unauthorized"
        assert "login" in str(caught.value)
        secret = base64.b64encode(b"laborant:wrong").decode()
        (tmp_path / "auth.json").write_text(json.dumps({"auths": {registry.host: {"auth": secret}}}))
        known = ImageStore(
            tmp_path / "images", recipes=tmp_path / "recipes", aliases=Aliases({}), auth_file=tmp_path / "auth.json"
        )
        with pytest.raises(ImageError) as caught:
            await known.ensure(f"oci://{registry.host}/lab/image:1")
        assert caught.value.code == "image-unauthorized"
