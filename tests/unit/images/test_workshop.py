"""The parts around the store: work folders and locks, helper programs, recipes, sources, sizes, trees."""

from __future__ import annotations

import asyncio
import os
import select
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.errors import ImageError
from labyard.images.aliases import Aliases
from labyard.images.bootdisk import module_script
from labyard.images.commands import run
from labyard.images.debian import AptSource, public_sources, sources_among
from labyard.images.disk import Usage, geometry, measure
from labyard.images.inside import resolve_inside
from labyard.images.recipe import load_recipe, recipe_names
from labyard.images.rootimage import InitSystem, look_into
from labyard.images.store import ImageStore
from labyard.images.workspace import Workspace, publish
from labyard.resources import built, resource


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = Workspace(tmp_path)
    found.prepare()
    return found


async def test_a_work_folder_is_gone_whatever_happens(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        async with workspace.folder() as folder:
            (folder / "deep").mkdir(mode=0)
            raise RuntimeError
    assert list((tmp_path / "work").iterdir()) == []


async def test_a_full_disk_is_told_as_one(workspace: Workspace) -> None:
    with pytest.raises(ImageError) as caught:
        async with workspace.folder():
            raise OSError(28, "No space left on device")
    assert caught.value.code == "image-disk-full"


async def test_sweeping_spares_who_is_alive(workspace: Workspace, tmp_path: Path) -> None:
    async with workspace.folder() as folder:
        (tmp_path / "work/dead").mkdir()
        (tmp_path / "work/dead.lock").touch()
        workspace.prepare()
        assert folder.exists()
        assert not (tmp_path / "work/dead").exists()


async def test_a_lock_has_one_holder_and_waiting_can_be_cancelled(workspace: Workspace) -> None:
    async with workspace.lock("x"):

        async def second() -> None:
            async with workspace.lock("x"):
                raise AssertionError

        waiting = asyncio.create_task(second())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waiting, 0.15)
    async with workspace.lock("x"):
        pass


def test_publishing_syncs_before_the_name_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def note_sync(descriptor: int) -> None:
        steps.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def note_rename(self: Path, target: Path) -> Path:
        steps.append(f"rename {self.name} {target.name}")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "rename", note_rename)
    made = tmp_path / "made"
    made.mkdir()
    (made / "disk").touch()
    publish(made, tmp_path / "disks/final")
    assert steps == ["sync disk", "sync made", "rename made final", "sync disks"]


async def test_a_failed_program_tells_its_last_words() -> None:
    with pytest.raises(ImageError, match=r"making it: sh failed with 3:\nlast words"):
        await run(["sh", "-c", "echo last words >&2; exit 3"], what="making it")


async def test_a_missing_program_tells_its_package() -> None:
    with pytest.raises(ImageError) as caught:
        await run(["no-such-program"], what="making it")
    assert caught.value.hint == "apt-get install no-such-program"


async def test_cancelling_ends_the_whole_family(tmp_path: Path) -> None:
    script = f"sleep 1000 & echo $! >{tmp_path}/child; echo started >&2; wait"
    started = asyncio.Event()
    task = asyncio.create_task(run(["sh", "-c", script], what="waiting", on_line=lambda _: started.set()))
    await asyncio.wait_for(started.wait(), 10)
    handle = os.pidfd_open(int((tmp_path / "child").read_text()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    ended, _, _ = await asyncio.to_thread(select.select, [handle], [], [], 10)
    os.close(handle)
    assert ended


async def test_a_program_that_never_ends_its_line_takes_no_memory() -> None:
    heard: list[str] = []
    await run([sys.executable, "-c", "import sys; sys.stderr.write('x' * 5_000_000)"], what="x", on_line=heard.append)
    assert heard == []


def test_the_recipes_that_ship_can_be_read() -> None:
    folder = resource("images")
    assert recipe_names(folder) == ["busybox", "debian-12", "debian-12-docker"]
    for name in recipe_names(folder):
        recipe = load_recipe(folder, name)
        for step in recipe.steps:
            assert step.setup is None or os.access(step.folder / step.setup, os.X_OK)
            assert step.files is None or (step.folder / step.files).is_dir()


def test_recipes_extend_each_other_and_their_digest_is_of_all_that_goes_in(tmp_path: Path) -> None:
    for name, text in (("base", "packages: [a, b]"), ("more", "extends: base\npackages: [b, c]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "recipe.yaml").write_text(text)
    first = load_recipe(tmp_path, "more")
    assert first.packages == ("a", "b", "c")
    (tmp_path / "base/setup.sh").write_text("#!/bin/sh")
    second = load_recipe(tmp_path, "more")
    (tmp_path / "base/setup.sh").chmod(0o755)
    third = load_recipe(tmp_path, "more")
    assert len({first.digest, second.digest, third.digest}) == 3


@pytest.mark.parametrize(
    "text", ["extends: it", "packages: [--evil]", "setup: ../x", "extra: 1", "[", "variant: x", "extends: none"]
)
def test_recipes_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "it/recipe.yaml").write_text(text)
    with pytest.raises(ImageError):
        load_recipe(tmp_path, "it")


def test_the_boxs_sources_are_used_only_when_they_carry_the_suite() -> None:
    mirror = "http://mirror/debian/|bookworm|main|Debian\nhttp://mirror/debian/|bookworm-updates|main|Debian\n"
    other = "http://other/|bookworm|main|Docker\nhttp://x/|trixie|main|Debian\nhttp://y/|bookworm|contrib|Debian\n"
    wanted = (AptSource("http://mirror/debian", "bookworm"), AptSource("http://mirror/debian", "bookworm-updates"))
    assert sources_among(mirror + other + mirror, "bookworm") == wanted
    assert sources_among(other, "bookworm") == ()
    assert sources_among("http://x/|bookworm-updates|main|Debian", "bookworm") == ()
    assert sources_among("x [trusted=yes]|bookworm|main|", "bookworm") == ()
    assert [source.suite for source in public_sources("bookworm")] == [
        "bookworm",
        "bookworm-updates",
        "bookworm-security",
    ]


@given(st.integers(0, 1 << 36), st.integers(0, 1 << 21))
def test_a_disk_has_room_for_its_tree(size: int, inodes: int) -> None:
    plan = geometry(Usage(size, inodes))
    assert plan.size % (64 << 20) == 0
    assert plan.size >= size + (512 << 20)
    assert plan.size // plan.bytes_per_inode >= inodes + 16_384


def test_measuring_counts_hard_links_once_and_follows_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(256)) * 400)
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    (tmp_path / "etc").symlink_to("/etc")
    usage = measure(tmp_path)
    assert usage.inodes == 2
    assert usage.size < 120_000


def test_links_are_followed_inside_the_tree_only(tmp_path: Path) -> None:
    (tmp_path / "usr/lib").mkdir(parents=True)
    for link, target in (("lib", "usr/lib"), ("abs", "/usr/lib"), ("up", "../../usr"), ("a", "b"), ("b", "a")):
        (tmp_path / link).symlink_to(target)
    assert resolve_inside(tmp_path, "/lib") == "/usr/lib"
    assert resolve_inside(tmp_path, "/abs/../lib") == "/usr/lib"
    assert resolve_inside(tmp_path, "/up/lib") == "/usr/lib"
    assert resolve_inside(tmp_path, "/a") is None
    assert resolve_inside(tmp_path, "/etc") is None


def test_what_a_tree_tells(tmp_path: Path) -> None:
    assert look_into(tmp_path).has_init is None
    (tmp_path / "usr/lib/systemd").mkdir(parents=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").symlink_to("/etc/passwd")  # in the tree that goes round
    (tmp_path / "usr/lib/systemd/systemd").touch(0o755)
    found = look_into(tmp_path)
    assert (found.has_init, found.users, found.modules) == (InitSystem.SYSTEMD, (), "/usr/lib/modules")
    (tmp_path / "etc/passwd").unlink()
    (tmp_path / "etc/passwd").write_bytes(b"root:x:0:0\n# note:\n\n+nis::\nnobody\n\xff\xfe:x\nme:x:1\n")
    assert look_into(tmp_path).users[0] == "root"
    assert look_into(tmp_path).users[-1] == "me"


def test_openrc(tmp_path: Path) -> None:
    (tmp_path / "sbin").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/busybox").touch(0o755)
    (tmp_path / "sbin/init").symlink_to("/bin/busybox")
    assert look_into(tmp_path).has_init is None
    (tmp_path / "sbin/openrc").touch(0o755)
    assert look_into(tmp_path).has_init is InitSystem.OPENRC


def test_modules_go_where_lib_really_is(tmp_path: Path) -> None:
    (tmp_path / "6.1/kernel").mkdir(parents=True)
    (tmp_path / "6.1/modules.dep").touch()
    (tmp_path / "6.1/kernel/a.ko").touch()
    (tmp_path / "6.1/build").symlink_to("/usr/src")
    script = list(module_script(tmp_path / "6.1", "/usr/lib/modules"))
    assert script == [
        "mkdir /usr",
        "mkdir /usr/lib",
        "mkdir /usr/lib/modules",
        "mkdir /usr/lib/modules/6.1",
        f"write {tmp_path}/6.1/modules.dep /usr/lib/modules/6.1/modules.dep",
        "mkdir /usr/lib/modules/6.1/kernel",
        f"write {tmp_path}/6.1/kernel/a.ko /usr/lib/modules/6.1/kernel/a.ko",
    ]
    (tmp_path / "6.1/kernel/a b.ko").touch()
    with pytest.raises(ImageError):
        list(module_script(tmp_path / "6.1", "/lib/modules"))


def test_aliases(tmp_path: Path) -> None:
    (tmp_path / "ours").write_text("docker: debian-12-docker\na: b\nb: a\nubuntu: oci://h/u:1\n")
    (tmp_path / "theirs").write_text("ubuntu: oci://mirror/u:1\n")
    aliases = Aliases.read(tmp_path / "ours", tmp_path / "theirs", tmp_path / "none")
    assert aliases.resolve("docker") == "debian-12-docker"
    assert aliases.resolve("ubuntu") == "oci://mirror/u:1"
    assert aliases.resolve("else") == "else"
    with pytest.raises(ImageError, match="circle"):
        aliases.resolve("a")
    for wrong in ("[1]", "a: 1", "a: [", "1: a"):
        (tmp_path / "theirs").write_text(wrong)
        with pytest.raises(ImageError):
            Aliases.read(tmp_path / "theirs")


def test_every_alias_that_ships_leads_somewhere(tmp_path: Path) -> None:
    aliases = Aliases.read(resource("images") / "aliases.yaml")
    store = ImageStore(tmp_path, recipes=resource("images"), aliases=aliases)
    for name in aliases.names():
        assert store.resolve(name) in recipe_names(resource("images")) or store.resolve(name).startswith("oci://")
    with pytest.raises(ImageError, match="did you mean 'debian-12'"):
        store.resolve("debian12")


def test_resources() -> None:
    assert (resource("images") / "debian-12/recipe.yaml").exists()
    with pytest.raises(FileNotFoundError, match="lacks"):
        resource("no-such-data")
    with pytest.raises(FileNotFoundError, match="lacks"):
        built("no-such-part")
