"""A fake host's images and kernels: names on a shelf."""

from __future__ import annotations

from collections.abc import AsyncIterator

from labyard.errors import ImageError, NotFoundError
from labyard.hosts.contract import ImageInfo, KernelInfo
from labyard.hosts.fake_play import FakeJournal, now
from labyard.play.progress import Progress


class FakeStock:
    journal: FakeJournal

    async def images(self) -> list[ImageInfo]:
        return list(self.journal.images.values())

    async def pull_image(self, source: str) -> AsyncIterator[Progress]:
        if "missing" in source:
            raise ImageError(f"image {source} does not exist", hint="check its name")
        for done in (0, 50, 100):
            yield Progress(subject=source, step="fetch", done=done, total=100)
        self._keep_image(source)
        yield Progress(subject=source, step="done", done=100, total=100, finished=True)

    async def import_image(self, path: str, name: str) -> AsyncIterator[Progress]:
        yield Progress(subject=name, step="unpack")
        self._keep_image(name)
        yield Progress(subject=name, step="done", finished=True)

    async def remove_image(self, source: str) -> None:
        if self.journal.images.pop(source, None) is None:
            raise NotFoundError(f"no image {source} here")

    async def gc_images(self) -> int:
        freed = sum(image.size for image in self.journal.images.values())
        self.journal.images.clear()
        return freed

    async def kernels(self) -> list[KernelInfo]:
        return [KernelInfo(version="6.1"), *self.journal.kernels.values()]

    async def pull_kernel(self, version: str) -> AsyncIterator[Progress]:
        self.journal.kernels[version] = KernelInfo(version=version, release=f"{version}.0", size=1)
        yield Progress(subject=version, step="done", finished=True)

    async def remove_kernel(self, version: str) -> None:
        if self.journal.kernels.pop(version, None) is None:
            raise NotFoundError(f"the kernel {version} is not here")

    def _keep_image(self, source: str) -> None:
        at = now().isoformat()
        self.journal.images[source] = ImageInfo(source=source, digest="sha256:" + "0" * 64, size=1, created_at=at)
