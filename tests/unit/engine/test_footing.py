"""What a machine stands on, and the same in another folder."""

from __future__ import annotations

from pathlib import Path

from tests.unit.engine.shelf import footing_in

from labyard.engine.footing import BASE, DELTA, INITRD, Footing, forget_memory, link_files, read_footing
from labyard.machine.plan import DiskSpec, Format, LayerSpec


def layers(footing: Footing) -> list[str]:
    return [str(layer.path) for disk in footing.spec.disks for layer in disk.layers]


def test_in_another_folder_only_its_own_files_are_elsewhere() -> None:
    footing = footing_in(Path("/plays/a/machines/node-01"))
    moved = footing.in_folder(Path("/plays/b/kept/node-01"))
    assert layers(moved) == ["/images/root.raw", "/plays/b/kept/node-01/disk-0"]
    assert moved.spec.initrd == Path("/plays/b/kept/node-01/initrd")
    assert moved.spec.run_dir == Path("/plays/b/kept/node-01/run")
    assert moved.spec.kernel == footing.spec.kernel and moved.images == footing.images
    assert moved.folder == Path("/plays/b/kept/node-01")
    assert moved.in_folder(footing.folder) == footing


def test_a_layer_on_top_is_its_own_too() -> None:
    footing = footing_in(Path("/plays/a/machines/node-01"))
    top = LayerSpec(path=footing.folder / "disk-0.0", format=Format.QCOW2)
    higher = footing.with_layers({0: top})
    assert layers(higher) == [*layers(footing), str(top.path)]
    assert [layer.path.name for layer in higher.own_layers()] == ["disk-0", "disk-0.0"]
    assert higher.in_folder(Path("/x")).own_layers()[-1].path == Path("/x/disk-0.0")
    assert footing.with_layers({}) == footing


def test_layers_of_its_own_are_made_one() -> None:
    footing = footing_in(Path("/plays/a/machines/node-01"))
    for number in range(3):
        footing = footing.with_layers({0: LayerSpec(path=footing.folder / f"disk-0.{number}", format=Format.QCOW2)})
    assert footing.own_from(0) == 1, "above the image"
    assert layers(footing.with_one_own(0)) == ["/images/root.raw", "/plays/a/machines/node-01/disk-0.2"]


def test_a_raw_drive_stays_below() -> None:
    footing = footing_in(Path("/plays/a/machines/node-01"))
    drive = DiskSpec(layers=(LayerSpec(path=footing.folder / "disk-1", format=Format.RAW),))
    footing = footing.model_copy(update={"spec": footing.spec.model_copy(update={"disks": (drive,)})})
    assert footing.own_from(0) == 1
    for number in range(2):
        footing = footing.with_layers({0: LayerSpec(path=footing.folder / f"disk-1.{number}", format=Format.QCOW2)})
    assert footing.own_from(0) == 1
    assert [Path(path).name for path in layers(footing.with_one_own(0))] == ["disk-1", "disk-1.1"]


def test_it_is_written_and_read(tmp_path: Path) -> None:
    assert read_footing(tmp_path) is None
    footing = footing_in(tmp_path)
    footing.write()
    assert read_footing(tmp_path) == footing


def test_who_boots_lies_over_nothing(tmp_path: Path) -> None:
    for name in (BASE, DELTA, INITRD):
        (tmp_path / name).touch()
    for _ in range(2):
        forget_memory(footing_in(tmp_path))
        assert [path.name for path in tmp_path.iterdir()] == [INITRD]


def test_links_share_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / BASE).write_bytes(b"memory")
    link_files(tmp_path / "a", tmp_path / "b", [DELTA, BASE])
    assert [path.name for path in (tmp_path / "b").iterdir()] == [BASE]
    assert (tmp_path / "b" / BASE).samefile(tmp_path / "a" / BASE)
