"""Images made here, a real registry on loopback, and a store in a folder of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.registry import Layout, LocalRegistry, local_registry

from labyard.images.aliases import Aliases
from labyard.images.store import ImageStore


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    return ImageStore(tmp_path / "images", recipes=recipes, aliases=Aliases({}))


@pytest.fixture
def registry_config() -> str:
    """More lines for the registry's configuration."""
    return ""


@pytest.fixture
def registry(tmp_path: Path, registry_config: str) -> Iterator[LocalRegistry]:
    with local_registry(tmp_path, registry_config) as registry:
        yield registry


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)
