"""Kernels for machines: Debian's 6.1 and 6.12 as packages, or the box's own; each with its modules and our initramfs.

kernels/<version>/{vmlinuz, modules/<release>/, kernel.json}    world-readable: machines run as nobody in particular
kernels/<version>/initramfs-<digest of examiner and modules>
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import platform
import re
import shutil
from functools import lru_cache
from pathlib import Path

from labyard.errors import ImageError, NotFoundError
from labyard.images.commands import run
from labyard.images.debian import PrivateApt
from labyard.images.initramfs import initramfs
from labyard.images.modules import ModuleTree
from labyard.images.problems import KernelError
from labyard.images.progress import Progress, Report, silent
from labyard.images.workspace import Workspace, publish, sync
from labyard.play.plan import Value

_SUITE = "bookworm"
_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
_META_PACKAGES = {
    "6.1": f"linux-image-cloud-{_ARCHITECTURE}",
    "6.12": f"linux-image-6.12-cloud-{_ARCHITECTURE}",
}
HOST = "host"
VERSIONS = (*_META_PACKAGES, HOST)


class Kernel(Value):
    """A kernel that machines can boot. `modules` is the tree that belongs at `/lib/modules/<release>`.

    `digest` names vmlinuz and modules, not the initramfs, which follows the examiner.
    """

    version: str
    release: str
    digest: str
    vmlinuz: Path
    initramfs: Path
    modules: Path


class KernelStore:
    """The kernels of one data folder. `examiner` is the program that becomes `/init`.

    `boot`: where the box keeps its own.
    """

    def __init__(self, root: Path, *, examiner: Path, boot: Path = Path("/")) -> None:
        self._root = root
        self._examiner = examiner
        self._boot = boot
        self._workspace = Workspace(root)

    def available(self) -> tuple[str, ...]:
        """Every version that can be asked for."""
        return VERSIONS

    async def list(self) -> list[Kernel]:
        """Those that are here."""
        found = [self._read(version) for version in self.available()]
        return [kernel for kernel in found if kernel is not None]

    async def ensure(self, version: str, progress: Report | None = None) -> Kernel:
        """The kernel, fetched if it is not here. KernelError for an unknown version or when it cannot be had."""
        if version not in self.available():
            raise KernelError(
                f"there is no kernel {version!r}", hint=f"there are {', '.join(map(repr, self.available()))}"
            )
        report = progress or silent
        self._workspace.prepare()
        async with self._workspace.lock(f"kernel-{version}"):
            kernel = self._read(version)
            if kernel is None:
                await self._make(version, report)
                kernel = self._read(version)
                if kernel is None:
                    raise KernelError(f"the kernel {version} was removed while it was being made")
            await self._ensure_initramfs(kernel)
        report(Progress(subject=f"kernel {version}", step="ready", finished=True))
        return kernel

    async def remove(self, version: str) -> None:
        """Forget it; the caller knows that nobody boots from it. NotFoundError when it is not here."""
        missing = NotFoundError(f"the kernel {version[:64]!r} is not here")
        if version not in VERSIONS:
            raise missing
        self._workspace.prepare()
        async with self._workspace.lock(f"kernel-{version}"):
            if self._read(version) is None:
                raise missing
            async with self._workspace.folder() as work:  # its name goes first and at once, then what it named
                (self._root / version).rename(work / "kernel")

    def _read(self, version: str) -> Kernel | None:
        folder = self._root / version
        try:
            known = json.loads((folder / "kernel.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return Kernel(
            version=version,
            release=known["release"],
            digest=known["digest"],
            vmlinuz=folder / "vmlinuz",
            initramfs=folder / f"initramfs-{self._examiner_digest(known['digest'])}",
            modules=folder / "modules" / known["release"],
        )

    def _examiner_digest(self, kernel_digest: str) -> str:
        try:
            status = self._examiner.stat()
        except FileNotFoundError as error:
            raise KernelError(f"the examiner is missing at {self._examiner}", hint="build it: make setup") from error
        return _digest_with(kernel_digest, self._examiner, (status.st_ino, status.st_size, status.st_mtime_ns))

    async def _make(self, version: str, report: Report) -> None:
        async with self._workspace.folder() as work:
            made = work / "kernel"
            made.mkdir(mode=0o755)
            if version == HOST:
                digest, release = await asyncio.to_thread(self._copy_host, made)
            else:
                digest, release = await _fetch(version, work, made, report)
            report(Progress(subject=f"kernel {version}", step="sorting its modules"))
            await _depmod(made, release)
            (made / "kernel.json").write_text(json.dumps({"release": release, "digest": digest}), encoding="utf-8")
            await asyncio.to_thread(publish, made, self._root / version)

    def _copy_host(self, made: Path) -> tuple[str, str]:
        release = os.uname().release
        image = next(
            (
                path
                for path in (
                    self._boot / f"boot/vmlinuz-{release}",
                    self._boot / f"lib/modules/{release}/vmlinuz",
                    self._boot / f"usr/lib/modules/{release}/vmlinuz",
                )
                if path.is_file()
            ),
            None,
        )
        modules = self._boot / "lib/modules" / release
        if image is None or not (modules / "modules.dep").is_file():
            raise KernelError(
                f"this box does not show its own kernel: no vmlinuz-{release} in /boot or no /lib/modules/{release}",
                hint="use one of Debian's: " + ", ".join(_META_PACKAGES),
            )
        shutil.copyfile(image, made / "vmlinuz")
        (made / "vmlinuz").chmod(0o644)
        skip = shutil.ignore_patterns("build", "source", "vmlinuz")
        shutil.copytree(modules, made / "modules" / release, ignore=skip, symlinks=True)
        digest = hashlib.sha256(image.read_bytes() + (modules / "modules.dep").read_bytes())
        return f"sha256:{digest.hexdigest()}", release

    async def _ensure_initramfs(self, kernel: Kernel) -> None:
        if kernel.initramfs.exists():
            return
        async with self._workspace.folder() as work:
            made = work / "initramfs"
            data = await asyncio.to_thread(lambda: initramfs(self._examiner.read_bytes(), ModuleTree(kernel.modules)))
            made.write_bytes(data)
            made.chmod(0o644)
            sync(made)
            publish(made, kernel.initramfs)


@lru_cache(maxsize=16)
def _digest_with(kernel_digest: str, examiner: Path, _version: tuple[int, ...]) -> str:
    """Asked for at every start; the examiner changes with an upgrade."""
    return hashlib.sha256(kernel_digest.encode() + examiner.read_bytes()).hexdigest()[:16]


async def _fetch(version: str, work: Path, made: Path, report: Report) -> tuple[str, str]:
    """Unpack Debian's package without installing it. Digest of the package, and the kernel's release."""
    subject, meta = f"kernel {version}", _META_PACKAGES[version]
    apt = PrivateApt(work / "apt")
    report(Progress(subject=subject, step="reading Debian's package lists"))
    try:
        await apt.update(_SUITE)
        package = await apt.dependency(meta, re.compile(rf"linux-image-{re.escape(version)}\.[\w.+~-]+"))
        if package is None:
            raise KernelError(f"no package for kernel {version}: {meta} is not in the box's sources for Debian 12")
        report(Progress(subject=subject, step=f"fetching {package}"))
        archive = await apt.download(package)
    except KernelError:
        raise
    except ImageError as error:
        raise KernelError(f"kernel {version}: {error.message}", hint=error.hint) from error
    report(Progress(subject=subject, step="unpacking"))
    await run(["dpkg-deb", "-x", archive, work / "package"], what=f"unpacking {package}")
    release = package.removeprefix("linux-image-")
    source = next(path for path in (work / "package/lib", work / "package/usr/lib") if (path / "modules").is_dir())
    (work / f"package/boot/vmlinuz-{release}").rename(made / "vmlinuz")
    (made / "vmlinuz").chmod(0o644)
    (source / "modules").rename(made / "modules")
    digest = await asyncio.to_thread(lambda: hashlib.sha256(archive.read_bytes()).hexdigest())
    return f"sha256:{digest}", release


async def _depmod(made: Path, release: str) -> None:
    """Debian's packages come without modules.dep: it is made on installation. depmod wants `lib/modules` above it."""
    base = made.parent / "depmod"
    (base / "lib").mkdir(parents=True)
    (base / "lib/modules").symlink_to(made / "modules")
    await run(["depmod", "-b", base, release], what=f"sorting the modules of {release}")
