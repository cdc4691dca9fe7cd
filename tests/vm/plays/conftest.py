"""Plays of the catalog on real machines, through a real server, on a box of their own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.box import Box
from tests.support.lab import Lab, prepare_images, serving
from tests.support.outer import outer_namespace
from tests.support.soak import SOAK

# In `make soak` alone.
collect_ignore = [] if SOAK else ["test_database.py", "test_large.py", "test_service.py", "test_whole_catalog.py"]

IMAGES = ("busybox", "debian-12", *(("debian-12-docker",) if SOAK else ()), "kernel:6.1", "kernel:6.12")


@pytest.fixture(scope="package")
def own_box() -> Iterator[int]:
    """Yields a descriptor of the real box's namespace, for what must reach a package mirror."""
    with outer_namespace() as box:
        prepare_images(box, IMAGES)
        yield box


@pytest.fixture(autouse=True, scope="package")
def nobody_waits() -> Iterator[None]:
    """Plays that wait for somebody would be seen as left behind; `test_waiting.py` has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABYARD_WAITING_EACH", "0")
        yield


@pytest.fixture(scope="package")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="labyard-test-", dir="/var/tmp"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="package")
def server(own_box: None, folder: Path) -> Iterator[Lab]:
    with serving(folder / "data") as lab:
        yield lab


@pytest.fixture
def lab(server: Lab) -> Iterator[Lab]:
    """After each test all plays are destroyed, and nothing of them may be left."""
    yield server
    server.destroy_all()
    assert not server.left(), server.left()


@pytest.fixture
async def box(own_box: None, folder: Path) -> AsyncIterator[Box]:
    """An engine alone. After each test all its plays are destroyed, and nothing of them may be left."""
    box = Box(folder / "host")
    await box.enter()
    yield box
    await box.clear()
