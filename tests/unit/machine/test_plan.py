"""QEMU's command line: one folder per case, and what must hold for every machine."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from labyard.machine.plan import (
    MIB,
    Accelerator,
    Descriptors,
    DiskSpec,
    Format,
    LayerSpec,
    Limits,
    MachineSpec,
    NicSpec,
    argv,
    layer_set,
)

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_command_line_of_case(case: Path) -> None:
    spec = MachineSpec.model_validate_json((case / "spec.json").read_bytes())
    assert "\n".join(argv(spec)) + "\n" == (case / "argv.txt").read_text()


def test_there_are_cases() -> None:
    assert len(CASES) >= 3


@st.composite
def disks(draw: st.DrawFn) -> DiskSpec:
    above = draw(st.integers(0, 7))
    base = draw(st.sampled_from(Format))
    layers = [LayerSpec(path=Path("/d/base"), format=base)]
    layers += [LayerSpec(path=Path(f"/d/{depth}"), format=Format.QCOW2) for depth in range(above)]
    return DiskSpec(layers=tuple(layers), read_only=draw(st.booleans()))


specs = st.builds(
    MachineSpec,
    mark=st.just("abc123"),
    play=st.just("p1"),
    name=st.just("node-01"),
    accelerator=st.sampled_from(Accelerator),
    cpus=st.integers(1, 64),
    memory=st.integers(16 * MIB, 1 << 40),
    kernel=st.just(Path("/k")),
    initrd=st.just(Path("/i")),
    disks=st.lists(disks(), max_size=26).map(tuple),
    nics=st.lists(st.just(NicSpec(mac="52:54:00:00:00:01")), max_size=16).map(tuple),
    run_dir=st.just(Path("/run/x")),
    uid=st.integers(1, 2**31),
    limits=st.just(Limits(file_size=1 << 30)),
)


def options(line: tuple[str, ...], name: str) -> list[str]:
    return [value for option, value in itertools.pairwise(line) if option == name]


def place(device: str) -> tuple[int, int]:
    found = re.search(r",addr=0x([0-9a-f]+)(?:\.0x([0-9a-f]+))?", device)
    assert found
    return int(found[1], 16), int(found[2] or "0", 16)


@given(specs)
def test_every_device_has_a_place_of_its_own_that_linux_finds(spec: MachineSpec) -> None:
    devices = [device for device in options(argv(spec), "-device") if "addr=" in device]
    places = [place(device) for device in devices]
    assert len(set(places)) == len(places)
    assert all(1 <= slot <= 30 for slot, _ in places), "slots 0 and 31 of q35 are taken"
    for slot, function in places:  # a function is found only in a slot whose function 0 says there are more
        if function:
            first = next(device for device in devices if place(device) == (slot, 0))
            assert "multifunction=on" in first


@given(specs)
def test_disks_and_cards_keep_their_order(spec: MachineSpec) -> None:
    devices = options(argv(spec), "-device")
    for kind in ("virtio-blk-pci", "virtio-net-pci"):
        places = [place(device) for device in devices if device.startswith(kind)]
        assert places == sorted(places)
    blocks = [device for device in devices if device.startswith("virtio-blk-pci")]
    assert [block.split(",")[1] for block in blocks] == [
        f"drive=disk{index}-{len(disk.layers) - 1}" for index, disk in enumerate(spec.disks)
    ]


@given(specs)
def test_a_chain_is_spelled_out_and_only_its_top_can_be_written(spec: MachineSpec) -> None:
    nodes = {node["node-name"]: node for node in map(json.loads, options(argv(spec), "-blockdev"))}
    for index, disk in enumerate(spec.disks):
        for depth, layer in enumerate(disk.layers):
            node = nodes.pop(f"disk{index}-{depth}")
            writable = depth == len(disk.layers) - 1 and not disk.read_only
            assert node["read-only"] is node["file"]["read-only"] is not writable
            if layer.format is Format.QCOW2:
                assert node["backing"] == (f"disk{index}-{depth - 1}" if depth else None)
    assert not nodes


@given(specs)
def test_every_descriptor_has_its_own_number_and_no_path_of_the_host_shows(spec: MachineSpec) -> None:
    numbers = Descriptors.of(spec)
    given_out = [
        numbers.qmp,
        numbers.link,
        numbers.memory,
        numbers.kernel,
        numbers.initrd,
        *(n for layers in numbers.layers for n in layers),
        *numbers.taps,
    ]
    assert given_out == list(range(3, 3 + len(given_out)))
    line = argv(spec)
    assert options(line, "-add-fd") == [
        f"fd={n},set={layer_set(disk, depth)}"
        for disk, layers in enumerate(numbers.layers)
        for depth, n in enumerate(layers)
    ]
    assert not any("/d/" in word or "/run/x" in word for word in line)


@given(specs)
def test_memory_is_what_was_asked(spec: MachineSpec) -> None:
    line = argv(spec)
    assert options(line, "-m") == [f"{spec.memory // MIB}M"]
    size = f"size={spec.memory // MIB}M"
    place = f"mem-path=/proc/self/fd/{Descriptors.of(spec).memory}"
    assert f"memory-backend-file,id=ram,{size},{place},share=off" in options(line, "-object")


@given(specs)
def test_one_that_waits_is_the_same_machine(spec: MachineSpec) -> None:
    line, waiting = argv(spec), argv(spec, waiting=True)
    for option in ("-name", "-machine", "-cpu", "-m", "-smp", "-object", "-device", "-netdev", "-chardev", "-blockdev"):
        assert options(waiting, option) == options(line, option)
    assert options(waiting, "-incoming") == ["defer"]
    assert not {"-kernel", "-initrd", "-append"} & set(waiting)
    assert "reboot=shutdown" in options(waiting, "-action")[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"mark": "abc-123"},
        {"play": "p-1"},
        {"name": "Node"},
        {"name": "a,process=evil"},
        {"name": "a\nb"},
        {"name": "a\n"},
        {"cpus": 0},
        {"memory": 1},
        {"uid": 0},
        {"nics": [{"mac": "52:54:00:00:00:01,script=/bin/sh"}]},
        {"disks": [{"layers": []}]},
        {"disks": [{"layers": [{"path": "/a", "format": "raw"}, {"path": "/b", "format": "raw"}]}]},
        {"disks": [{"layers": [{"path": "/a", "format": "vmdk"}]}]},
    ],
)
def test_what_cannot_be_a_machine_is_refused(wrong: dict[str, object]) -> None:
    good = json.loads((CASES[0] / "spec.json").read_text())
    MachineSpec.model_validate(good)
    with pytest.raises(ValidationError):
        MachineSpec.model_validate({**good, **wrong})
