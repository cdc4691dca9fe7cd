"""KVM is believed only when a kernel was seen to boot with it: on any box, whatever /dev/kvm says."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.vm.machine.conftest import UID, Events, Workshop

from labyard.machine.accelerator import Verdict, choose, model
from labyard.machine.machine import Machine
from labyard.machine.plan import PROCESSORS, Accelerator
from labyard.machine.process import find_all

pytestmark = pytest.mark.vm


async def ask(workshop: Workshop, folder: str, **changes: object) -> Verdict:
    spec = workshop.spec("probe")
    arguments = {"folder": workshop.folder / folder, "mark": workshop.mark, "uid": UID, **changes}
    return await choose(spec.kernel, spec.initrd, **arguments)  # type: ignore[arg-type]


async def test_without_the_device_it_is_emulation(workshop: Workshop) -> None:
    verdict = await ask(workshop, "a", device=workshop.folder / "kvm")
    assert verdict.accelerator is Accelerator.TCG
    assert "software emulation" in verdict.note
    assert not (workshop.folder / "a").exists(), "nothing to remember"


async def test_the_verdict_is_true_on_this_box_and_remembered(workshop: Workshop) -> None:
    verdict = await ask(workshop, "b")
    assert [path.name for path in (workshop.folder / "b").glob("*")] in ([], ["accelerator.json"])
    assert find_all(workshop.mark) == []
    if verdict.accelerator is Accelerator.KVM:
        machine = await Machine.launch(workshop.spec(accelerator=Accelerator.KVM))
        await Events(machine).up()
        await machine.kill()
    else:
        assert "software emulation" in verdict.note
    kept = workshop.folder / "b" / "accelerator.json"
    if kept.exists():
        before = kept.stat().st_mtime_ns
        assert await ask(workshop, "b") == verdict
        assert kept.stat().st_mtime_ns == before, "it was not probed again"
        kept.write_text("{")
        assert (await ask(workshop, "b")).accelerator is verdict.accelerator


def test_the_processor_that_machines_see() -> None:
    """A memory is read only where it is the same: the host's own is named."""
    assert model(Accelerator.TCG) == PROCESSORS[Accelerator.TCG]
    assert len(model(Accelerator.KVM)) > len("host: ")


async def test_a_kernel_that_takes_too_long_is_no_proof(workshop: Workshop) -> None:
    """Any existing file stands for a device: what decides is the boot, here given no time."""
    verdict = await ask(workshop, "c", limit=0, device=Path("/dev/null"))
    assert verdict.accelerator is Accelerator.TCG
    assert find_all(workshop.mark) == []
