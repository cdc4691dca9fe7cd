"""The store of root images: content-addressed, shared by every play, safe for several processes at once.

images/disks/<digest>/{disk.ext4, image.json}   one image; never written again
images/sources/<name>.json                      which digest a source is
images/boot/<image>-<kernel>.qcow2              an image with a kernel's modules
images/work/, images/locks/                     see workspace.py
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import hashlib
import re
import shutil
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from labyard.errors import ConflictError, ImageError, NotFoundError
from labyard.images.aliases import Aliases
from labyard.images.bootdisk import make_boot_disk
from labyard.images.disk import make_disk
from labyard.images.kernels import Kernel
from labyard.images.oci.archive import open_archive
from labyard.images.oci.fetch import fetch_layers, look_up
from labyard.images.oci.reference import SCHEME, Reference
from labyard.images.oci.registry import Registry
from labyard.images.oci.unpacker import Layer, unpack
from labyard.images.problems import SourceError
from labyard.images.progress import Progress, Report, silent
from labyard.images.recipe import NAME, build_tree, load_recipe, recipe_names
from labyard.images.rootimage import Contents, RootImage, look_into
from labyard.images.workspace import Workspace, disk_usage, publish
from labyard.play.plan import Value

_CHECK_PATIENCE = 5.0


class _Disk(Value):
    """`image.json`."""

    digest: str
    contents: Contents
    created_at: datetime


class _Pointer(Value):
    """`sources/<name>.json`. `recipe`: the digest of the recipe it was built from; None for what was fetched."""

    source: str
    digest: str
    recipe: str | None = None


class ImageStore:
    """The images of one data folder.

    `recipes`: the folder of recipes. `insecure_registries`: hosts, with or without port, that speak plain HTTP.
    `auth_file`: where names and passwords for registries are; None: where docker, podman and skopeo keep them.
    """

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
        self._found_before: dict[str, tuple[tuple[int, int], RootImage | None]] = {}

    def resolve(self, source: str) -> str:
        """What a source stands for: a recipe, an imported name, or a full `oci://` reference. SourceError else."""
        resolved = self._aliases.resolve(source)
        if resolved.startswith(SCHEME):
            return str(Reference.parse(resolved))
        recipes = recipe_names(self._recipes)
        if resolved in recipes or self._pointer(resolved).exists():
            return resolved
        known = self.names()
        near = difflib.get_close_matches(source, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}, and oci:// references"
        raise SourceError(f"there is no image {source!r}", hint=hint)

    def names(self) -> list[str]:
        """Every name that stands for an image here: recipes, aliases, and what was imported."""
        imported = (pointer.source for pointer in self._pointers() if not pointer.source.startswith(SCHEME))
        return sorted({*recipe_names(self._recipes), *self._aliases.names(), *imported})

    def find(self, source: str) -> RootImage | None:
        """The image where it is here and up to date; nothing is fetched. SourceError for a source nobody knows.

        Cheap enough for every start: what was found is remembered for as long as the source's pointer is the same file.
        Recipes are taken to be what they were when this store was made; `ensure` looks again.
        """
        resolved = self.resolve(source)
        try:
            status = self._pointer(resolved).stat()
        except FileNotFoundError:
            return None
        version = (status.st_ino, status.st_mtime_ns)
        known = self._found_before.get(resolved)
        if known is None or known[0] != version:
            image = None if self._outdated(resolved) else self._find(resolved)
            known = self._found_before[resolved] = (version, image)
        return known[1]

    def users(self, source: str) -> tuple[str, ...] | None:
        """Who is in an image; None when it is not here, or we may not look."""
        try:
            image = self._find(self.resolve(source))
        except (SourceError, OSError):
            return None
        return image.users if image is not None else None

    async def check(self, source: str) -> str | None:
        """Why the image could not be had on this box, or None. Asks the registry when it is not here yet."""
        try:
            resolved = self.resolve(source)
            if self._find(resolved) is not None:
                return None
            if resolved.startswith(SCHEME):
                reference = Reference.parse(resolved)
                async with self._registry(reference, patience=_CHECK_PATIENCE, tries=1) as registry:
                    await look_up(registry, reference.wanted, source)
            elif shutil.which("mmdebstrap") is None:
                return f"{source} is built with mmdebstrap, which is missing (apt-get install mmdebstrap)"
        except ImageError as error:
            return str(error)
        return None

    async def ensure(self, source: str, progress: Report | None = None, *, refresh: bool = False) -> RootImage:
        """The image, built or fetched if it is not here. Concurrent calls for one image do the work once.

        `refresh` asks the registry, or builds, again. ImageError (see problems.py) when it cannot be had; then, and
        when cancelled, nothing half-made stays.
        """
        report = progress or silent
        resolved = self.resolve(source)
        async with self._changing(resolved):
            image = None if refresh or self._outdated(resolved) else self._find(resolved)
            if image is None:
                await (self._fetch if resolved.startswith(SCHEME) else self._build)(resolved, report)
                image = self._found(resolved)
        report(Progress(subject=source, step="ready", finished=True))
        return image

    async def import_archive(self, path: Path, name: str, progress: Report | None = None) -> RootImage:
        """Take the image in an OCI layout or `docker save` archive as `name`: a plain one, or a full reference."""
        report = progress or silent
        resolved = self._importable(name)
        async with self._changing(resolved), self._workspace.folder() as work:
            report(Progress(subject=name, step="opening the archive"))
            digest, layers = await open_archive(path, work, name)
            await self._unpack(resolved, digest, layers, work, report)
            image = self._found(resolved)
        report(Progress(subject=name, step="ready", finished=True))
        return image

    async def list(self) -> list[RootImage]:
        """Every source that is here."""
        found = (self._find(pointer.source) for pointer in self._pointers())
        return [image for image in found if image is not None]

    def disk_size(self, image: RootImage) -> int:
        """Bytes that the image and its boot disks really take."""
        boots = (self._root / "boot").glob(f"{_short(image.digest)}-*.qcow2")
        return sum(map(disk_usage, (image.path, *boots)))

    async def remove(self, source: str) -> None:
        """Forget a source, and its disk when no other source is it. The caller knows that no play needs it."""
        resolved = self._aliases.resolve(source)
        if resolved.startswith(SCHEME):
            resolved = str(Reference.parse(resolved))
        async with self._changing(resolved):
            if not self._pointer(resolved).exists():
                raise NotFoundError(f"the image {source} is not here")
            self._pointer(resolved).unlink()
        await self._drop_disks(frozenset())

    async def gc(self, keep: Collection[str]) -> int:
        """Remove every image that `keep`, sources and digests, does not name. Bytes freed."""
        kept = {self._aliases.resolve(source) for source in keep}
        kept |= {str(Reference.parse(source)) for source in kept if source.startswith(SCHEME)}
        for pointer in self._pointers():
            if pointer.source not in kept and pointer.digest not in kept:
                async with self._changing(pointer.source):
                    self._pointer(pointer.source).unlink(missing_ok=True)
        return await self._drop_disks(frozenset(kept))

    async def boot_disk(self, image: RootImage, kernel: Kernel, progress: Report | None = None) -> Path:
        """A qcow2 over the image that adds `/lib/modules/<release>`; made once for each pair."""
        name = f"{_short(image.digest)}-{_short(kernel.digest)}.qcow2"
        place = self._root / "boot" / name
        async with self._changing(name):
            if not place.exists():
                (progress or silent)(Progress(subject=image.source, step=f"adding the modules of {kernel.release}"))
                async with self._workspace.folder() as work:
                    made = work / "boot.qcow2"
                    await make_boot_disk(image.path, kernel.modules, image.modules, work, made)
                    await asyncio.to_thread(publish, made, place)
        return place

    async def _build(self, name: str, report: Report) -> None:
        if name not in recipe_names(self._recipes):
            raise SourceError(f"{name} was imported; import it again to renew it")
        recipe = load_recipe(self._recipes, name)
        async with self._workspace.folder() as work:

            def step(words: str) -> None:
                report(Progress(subject=name, step=f"building: {words}"))

            step(f"{len(recipe.packages)} packages and what they need")
            tree = work / "tree"
            digest = f"sha256:{await build_tree(recipe, tree, work, step)}"
            await self._keep(_Pointer(source=name, digest=digest, recipe=recipe.digest), tree, work, report)

    async def _fetch(self, source: str, report: Report) -> None:
        reference = Reference.parse(source)
        async with self._registry(reference) as registry, self._workspace.folder() as work:
            report(Progress(subject=source, step="asking the registry"))
            found = await look_up(registry, reference.wanted, source)
            layers: list[Layer] = []
            if not self._folder(found.digest).exists():
                blobs = work / "blobs"
                blobs.mkdir()
                layers = await fetch_layers(
                    registry,
                    found.manifest,
                    blobs,
                    lambda done, total: report(Progress(subject=source, step="fetching", done=done, total=total)),
                )
            await self._unpack(source, found.digest, layers, work, report)

    async def _unpack(self, source: str, digest: str, layers: Sequence[Layer], work: Path, report: Report) -> None:
        tree = work / "tree"
        tree.mkdir(mode=0o755)
        if not self._folder(digest).exists():
            await unpack(
                layers, tree, progress=lambda done: report(Progress(subject=source, step="unpacking", done=done))
            )
        await self._keep(_Pointer(source=source, digest=digest), tree, work, report)

    async def _keep(self, pointer: _Pointer, tree: Path, work: Path, report: Report) -> None:
        """Make the disk of `tree` and publish it under its digest; then let the source point there."""
        digest = pointer.digest
        async with self._workspace.lock(f"disk-{_key(digest)}"):
            if not self._folder(digest).exists():
                report(Progress(subject=pointer.source, step="making the disk"))
                made = work / "made"
                made.mkdir(mode=0o755)
                contents = await asyncio.to_thread(look_into, tree)
                await make_disk(tree, made / "disk.ext4")
                disk = _Disk(digest=digest, contents=contents, created_at=datetime.now(UTC))
                (made / "image.json").write_text(disk.model_dump_json(), encoding="utf-8")
                await asyncio.to_thread(publish, made, self._folder(digest))
            written = work / "pointer.json"
            written.write_text(pointer.model_dump_json(), encoding="utf-8")
            await asyncio.to_thread(publish, written, self._pointer(pointer.source))

    async def _drop_disks(self, kept: frozenset[str]) -> int:
        """Remove disks that no source is, and boot disks whose image is gone. Bytes freed."""
        freed = 0
        for folder in list((self._root / "disks").glob("sha256-*")):
            digest = folder.name.replace("-", ":", 1)
            async with self._workspace.lock(f"disk-{_key(digest)}"):
                if digest in kept or any(pointer.digest == digest for pointer in self._pointers()):
                    continue
                freed += disk_usage(folder / "disk.ext4")
                async with self._workspace.folder() as work:
                    with contextlib.suppress(FileNotFoundError):
                        folder.rename(work / "gone")
                for boot in (self._root / "boot").glob(f"{_short(digest)}-*.qcow2"):
                    freed += disk_usage(boot)
                    boot.unlink(missing_ok=True)
        return freed

    def _importable(self, name: str) -> str:
        if name.startswith(SCHEME):
            return str(Reference.parse(name))
        if not re.fullmatch(NAME, name):
            raise SourceError(f"{name!r} cannot be an image's name", hint="small letters, digits, dots and dashes")
        if name in recipe_names(self._recipes) or name in self._aliases.names():
            raise ConflictError(f"{name} is the name of a recipe or an alias", hint="choose another")
        return name

    def _registry(self, reference: Reference, *, patience: float = 60.0, tries: int = 4) -> Registry:
        return Registry(reference, insecure=self._insecure, auth_file=self._auth_file, patience=patience, tries=tries)

    @contextlib.asynccontextmanager
    async def _changing(self, name: str) -> AsyncIterator[None]:
        await asyncio.to_thread(self._workspace.prepare)
        async with self._workspace.lock(f"image-{_key(name)}"):
            yield

    def _outdated(self, resolved: str) -> bool:
        """Whether the recipe has changed since its image was built."""
        if resolved not in recipe_names(self._recipes) or not self._pointer(resolved).exists():
            return False
        pointer = _Pointer.model_validate_json(self._pointer(resolved).read_bytes())
        return pointer.recipe != load_recipe(self._recipes, resolved).digest

    def _found(self, resolved: str) -> RootImage:
        image = self._find(resolved)
        if image is None:
            raise ConflictError(f"the image {resolved} was removed while it was being made")
        return image

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

    def _pointers(self) -> tuple[_Pointer, ...]:
        found = []
        for path in sorted((self._root / "sources").glob("*.json")):
            with contextlib.suppress(FileNotFoundError):
                found.append(_Pointer.model_validate_json(path.read_bytes()))
        return tuple(found)

    def _folder(self, digest: str) -> Path:
        return self._root / "disks" / digest.replace(":", "-")

    def _pointer(self, source: str) -> Path:
        return self._root / "sources" / f"{_key(source)}.json"


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:24]


def _key(text: str) -> str:
    """A file name for any text: readable, and without collisions."""
    readable = re.sub(r"[^a-zA-Z0-9.-]+", "-", text)[:60].strip("-.")
    return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
