from __future__ import annotations

import json
from pathlib import Path

import pytest

from labyard.errors import NotFoundError
from labyard.images.kernels import KernelStore


@pytest.fixture
def store(tmp_path: Path) -> KernelStore:
    """With one kernel, as if it had been fetched."""
    (tmp_path / "examiner").write_bytes(b"a program")
    folder = tmp_path / "kernels/6.1"
    (folder / "modules/6.1.0").mkdir(parents=True)
    (folder / "vmlinuz").write_bytes(b"a kernel")
    (folder / "kernel.json").write_text(json.dumps({"release": "6.1.0", "digest": "sha256:00"}))
    return KernelStore(tmp_path / "kernels", examiner=tmp_path / "examiner")


async def test_a_kernel_is_removed_once(store: KernelStore, tmp_path: Path) -> None:
    assert [kernel.version for kernel in await store.list()] == ["6.1"]
    await store.remove("6.1")
    assert await store.list() == []
    assert not (tmp_path / "kernels/6.1").exists() and list((tmp_path / "kernels/work").iterdir()) == []
    with pytest.raises(NotFoundError):
        await store.remove("6.1")


@pytest.mark.parametrize("version", ["6.12", "..", "../kernels/6.1", "6.1/modules", ""])
async def test_what_is_no_kernel_here_stays(store: KernelStore, version: str) -> None:
    with pytest.raises(NotFoundError):
        await store.remove(version)
    assert [kernel.version for kernel in await store.list()] == ["6.1"]
