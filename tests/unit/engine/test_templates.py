"""What a playground's snapshot is called, when it may be used, and which ones go when room is short."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from tests.unit.engine.shelf import MAKER, plan_of, shelved

from labyard.engine.footing import DEVICES
from labyard.engine.snapshot import RECORD, Maker, remove_snapshot
from labyard.engine.templates import Templates, in_use, taken
from labyard.errors import NotFoundError
from labyard.images.kernels import Kernel, KernelStore
from labyard.images.rootimage import RootImage
from labyard.images.store import ImageStore
from labyard.play.plan import PlayPlan, TaskPlan


class Shelf:
    """Images and kernels that are here."""

    def __init__(self) -> None:
        self.digests = {"busybox": "sha256:1"}
        self.kernel, self.initramfs = "sha256:k", "examiner-1"

    def find(self, source: str) -> RootImage | None:
        if (digest := self.digests.get(source)) is None:
            return None
        return RootImage(
            source=source,
            digest=digest,
            path=Path("/images/root"),
            size=1,
            has_init=None,
            users=(),
            modules="/lib/modules",
            created_at=datetime.now(UTC),
        )

    async def list(self) -> list[Kernel]:
        files = Path("/kernels")
        return [
            Kernel(
                version=version,
                release=version,
                digest=f"{self.kernel}{version}",
                vmlinuz=files,
                initramfs=files / self.initramfs,
                modules=files,
            )
            for version in ("6.1", "6.12")
        ]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def templates(tmp_path: Path, shelf: Shelf) -> Templates:
    made = Templates(tmp_path / "snapshots", cast(ImageStore, shelf), cast(KernelStore, shelf), budget=1 << 40)
    made.prepare()
    return made


def other_tasks() -> PlayPlan:
    return plan_of(tasks=(TaskPlan(name="prepare", machine="node-01", run="false"),))


async def test_the_key_is_the_same_for_the_same(templates: Templates) -> None:
    key = await templates.key(plan_of(), MAKER)
    assert key is not None and key == await templates.key(plan_of(), MAKER)


@pytest.mark.parametrize("change", [{"title": "Other"}, {"playground": "copy"}, {"notes": ("scaled",)}])
async def test_how_a_play_is_called_is_not_in_the_key(templates: Templates, change: dict[str, object]) -> None:
    assert await templates.key(plan_of(**change), MAKER) == await templates.key(plan_of(), MAKER)


IN_THE_PLAN: list[PlayPlan] = [
    plan_of(parameters={"size": "big"}),
    other_tasks(),
    plan_of(machines=(plan_of().machines[0].model_copy(update={"memory": 1 << 28}),)),
    plan_of(machines=(plan_of().machines[0].model_copy(update={"kernel": "6.12"}),)),
    plan_of(machines=(plan_of().machines[0].model_copy(update={"name": "node-02"}),)),
    plan_of(networks=(plan_of().networks[0].model_copy(update={"private": True}),)),
]


@pytest.mark.parametrize("plan", IN_THE_PLAN)
async def test_all_that_the_manifest_says_is_in_the_key(templates: Templates, plan: PlayPlan) -> None:
    assert await templates.key(plan, MAKER) != await templates.key(plan_of(), MAKER)


@pytest.mark.parametrize(
    "change",
    [
        lambda shelf: shelf.digests.update(busybox="sha256:2"),
        lambda shelf: setattr(shelf, "kernel", "sha256:l"),
        lambda shelf: setattr(shelf, "initramfs", "examiner-2"),
    ],
    ids=["image", "kernel", "examiner"],
)
async def test_all_that_the_stores_hold_is_in_the_key(
    templates: Templates, shelf: Shelf, change: Callable[[Shelf], None]
) -> None:
    before = await templates.key(plan_of(), MAKER)
    change(shelf)
    assert await templates.key(plan_of(), MAKER) not in (before, None)


@pytest.mark.parametrize(
    "maker",
    [
        Maker(qemu="QEMU 2", accelerator="tcg"),
        Maker(qemu="QEMU 1", accelerator="kvm"),
        Maker(qemu="QEMU 1", accelerator="tcg", processor="max"),
        Maker(format=9, qemu="QEMU 1", accelerator="tcg"),
    ],
)
async def test_who_made_it_is_in_the_key(templates: Templates, maker: Maker) -> None:
    assert await templates.key(plan_of(), maker) != await templates.key(plan_of(), MAKER)


async def test_without_a_key(templates: Templates, shelf: Shelf) -> None:
    assert await templates.key(plan_of(warm=False), MAKER) is None
    assert await templates.key(plan_of(snapshot="saved-1"), MAKER) is None
    shelf.digests.clear()
    assert await templates.key(plan_of(), MAKER) is None, "its image is not even here"


def test_what_is_damaged_or_anothers_is_set_aside(templates: Templates) -> None:
    for key in ("good", "cut", "other"):
        shelved(templates.place(key))
    os.truncate(templates.place("cut") / "node-01" / DEVICES, 3)
    assert templates.find("good", MAKER) == templates.place("good")
    assert templates.find("cut", MAKER) is None
    assert templates.find("other", Maker(qemu="QEMU 2", accelerator="tcg")) is None
    assert templates.find("never", MAKER) is None
    assert sorted(path.name for path in templates.root.iterdir()) == ["cut.damaged", "good", "other.damaged"]
    assert list(templates.all()) == ["good"]


def test_a_saved_one_of_another_qemu_is_still_of_use(templates: Templates) -> None:
    key = templates.new_saved()
    shelved(templates.place(key))
    for maker in (Maker(qemu="QEMU 2", accelerator="tcg"), MAKER):
        assert templates.find(key, maker) == templates.place(key), "its disks are of use"
        templates.check(plan_of(snapshot=key), maker)
    templates.forget(key)
    with pytest.raises(NotFoundError):
        templates.check(plan_of(snapshot=key), MAKER)
    templates.check(plan_of(), MAKER)


def test_what_was_cut_off_is_swept(templates: Templates) -> None:
    shelved(templates.place("good"))
    shelved(templates.new_work())
    (templates.place("half") / "node-01").mkdir(parents=True)
    templates.prepare()
    assert [path.name for path in templates.root.iterdir()] == ["good"]


def used_at(templates: Templates, key: str, when: float) -> None:
    shelved(templates.place(key))
    os.utime(templates.place(key) / RECORD, (when, when))


def within(templates: Templates, count: int) -> Templates:
    """The same, with room for so many of one size."""
    room = count * taken(templates.place("first"))
    return Templates(templates.root, templates._images, templates._kernels, budget=room)


def test_the_longest_unused_goes_first(templates: Templates) -> None:
    for when, key in enumerate(("first", "second", "third")):
        used_at(templates, key, 1000.0 + when)
    assert within(templates, 3).make_room() == []
    assert templates.find("first", MAKER), "which counts as use"
    assert within(templates, 2).make_room() == ["second"]
    assert sorted(templates.all()) == ["first", "third"]


def test_what_is_in_use_or_saved_stays(templates: Templates) -> None:
    for when, key in enumerate(("first", "second")):
        used_at(templates, key, 1000.0 + when)
    used_at(templates, saved := templates.new_saved(), 1.0)
    play = templates.root.parent / "disk"
    os.link(templates.place("first") / "node-01" / "disk-0", play)
    assert in_use(templates.place("first"))
    small = within(templates, 0)
    assert small.make_room() == ["second"]
    assert sorted(templates.all()) == sorted(["first", saved])
    play.unlink()
    assert small.make_room() == ["first"]


def test_only_saved_ones_are_forgotten_by_name(templates: Templates) -> None:
    saved = templates.new_saved()
    for key in ("own", saved):
        shelved(templates.place(key))
        templates.forget(key)
    assert list(templates.all()) == ["own"]
    assert templates.images() == {"sha256:1"}
    remove_snapshot(templates.place("own"))
    assert templates.images() == set()


async def test_one_at_a_time_boots_for_a_key(templates: Templates) -> None:
    order: list[str] = []

    async def work(name: str, key: str) -> None:
        async with templates.turn(key):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    await asyncio.gather(work("a", "one"), work("b", "one"))
    assert order == ["a in", "a out", "b in", "b out"]
