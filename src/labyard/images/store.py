"""The store of root images: content-addressed, shared by every play, safe for several processes at once.

images/disks/<digest>/{disk.ext4, image.json}   one image; never written again
images/sources/<name>.json                      which digest a source is
images/boot/<image>-<kernel>.qcow2              an image with a kernel's modules
images/work/, images/locks/                     see workspace.py
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from labyard.errors import ConflictError, NotFoundError
from labyard.images.aliases import Aliases
from labyard.images.bootdisk import make_boot_disk
from labyard.images.disk import make_disk
from labyard.images.kernels import Kernel
from labyard.images.problems import SourceError
from labyard.images.progress import Progress, Report, silent
from labyard.images.recipe import NAME, build_tree, load_recipe, recipe_names
from labyard.images.rootimage import Contents, RootImage, look_into
from labyard.images.workspace import Workspace, publish
from labyard.play.plan import Value


class _Disk(Value):
    """`image.json`."""

    digest: str
    contents: Contents
    created_at: datetime


class _Pointer(Value):
    """`sources/<name>.json`."""

    source: str
    digest: str


class ImageStore:
    """The images of one data folder. `recipes`: the folder of recipes."""

    def __init__(
        self,
        root: Path,
        *,
        recipes: Path,
        aliases: Aliases,
        insecure_registries: frozenset[str] = frozenset(),
        auth_file: Path | None = None,
    ) -> None:
        self._root = root
        self._recipes = recipes
        self._aliases = aliases
        self._insecure = insecure_registries
        self._auth_file = auth_file
        self._workspace = Workspace(root)

    def resolve(self, source: str) -> str:
        """What a source stands for: `recipe name` or `oci://...`. SourceError when it is neither."""
        resolved = self._aliases.resolve(source)
        if resolved in recipe_names(self._recipes):
            return resolved
        raise SourceError(f"there is no image {source!r}", hint="recipes: " + ", ".join(recipe_names(self._recipes)))

    async def ensure(self, source: str, progress: Report | None = None) -> RootImage:
        """The image, built or fetched if it is not here. Concurrent calls for one image do the work once."""
        report = progress or silent
        resolved = self.resolve(source)
        self._workspace.prepare()
        async with self._workspace.lock(f"image-{_key(resolved)}"):
            image = self._find(resolved)
            if image is None:
                await self._build(resolved, report)
                image = self._find(resolved)
            if image is None:
                raise ConflictError(f"the image {source} was removed while it was being made")
        report(Progress(subject=source, step="ready", finished=True))
        return image

    async def list(self) -> list[RootImage]:
        """Every source that is here."""
        found = []
        for path in sorted((self._root / "sources").glob("*.json")):
            pointer = _Pointer.model_validate_json(path.read_bytes())
            image = self._find(pointer.source)
            if image is not None:
                found.append(image)
        return found

    async def boot_disk(self, image: RootImage, kernel: Kernel, progress: Report | None = None) -> Path:
        """A qcow2 over the image that adds `/lib/modules/<release>`; made once for each pair."""
        name = f"{image.digest.removeprefix('sha256:')[:24]}-{kernel.digest.removeprefix('sha256:')[:24]}.qcow2"
        place = self._root / "boot" / name
        self._workspace.prepare()
        async with self._workspace.lock(f"boot-{name}"):
            if not place.exists():
                (progress or silent)(Progress(subject=image.source, step=f"adding the modules of {kernel.release}"))
                async with self._workspace.folder() as work:
                    made = work / "boot.qcow2"
                    await make_boot_disk(image.path, kernel.modules, image.modules, work, made)
                    await asyncio.to_thread(publish, made, place)
        return place

    def _find(self, resolved: str) -> RootImage | None:
        try:
            pointer = _Pointer.model_validate_json(self._pointer(resolved).read_bytes())
            folder = self._folder(pointer.digest)
            disk = _Disk.model_validate_json((folder / "image.json").read_bytes())
            size = (folder / "disk.ext4").stat().st_size
        except FileNotFoundError:
            return None
        return RootImage(
            source=pointer.source,
            digest=pointer.digest,
            path=folder / "disk.ext4",
            size=size,
            has_init=disk.contents.has_init,
            users=disk.contents.users,
            modules=disk.contents.modules,
            created_at=disk.created_at,
        )

    async def _build(self, name: str, report: Report) -> None:
        recipe = load_recipe(self._recipes, name)
        async with self._workspace.folder() as work:
            report(Progress(subject=name, step=f"building from {len(recipe.packages)} Debian packages"))
            tree = work / "tree"
            digest = f"sha256:{await build_tree(recipe, tree, work)}"
            await self._keep(name, digest, tree, work, report)

    async def _keep(self, source: str, digest: str, tree: Path, work: Path, report: Report) -> None:
        """Make the disk of `tree` and publish it under its digest; then let `source` point there."""
        async with self._workspace.lock(f"disk-{_key(digest)}"):
            if not self._folder(digest).exists():
                report(Progress(subject=source, step="making the disk"))
                made = work / "made"
                made.mkdir(mode=0o755)
                contents = await asyncio.to_thread(look_into, tree)
                await make_disk(tree, made / "disk.ext4")
                disk = _Disk(digest=digest, contents=contents, created_at=datetime.now(UTC))
                (made / "image.json").write_text(disk.model_dump_json(), encoding="utf-8")
                await asyncio.to_thread(publish, made, self._folder(digest))
            pointer = work / "pointer.json"
            pointer.write_text(_Pointer(source=source, digest=digest).model_dump_json(), encoding="utf-8")
            await asyncio.to_thread(publish, pointer, self._pointer(source))

    def _folder(self, digest: str) -> Path:
        return self._root / "disks" / digest.replace(":", "-")

    def _pointer(self, source: str) -> Path:
        return self._root / "sources" / f"{_key(source)}.json"


def _key(text: str) -> str:
    """A file name for any text: readable, and without collisions."""
    readable = re.sub(r"[^a-zA-Z0-9.-]+", "-", text)[:60].strip("-.")
    return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
