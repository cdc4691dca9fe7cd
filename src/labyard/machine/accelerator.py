"""Which accelerator machines get: KVM only where a kernel was really seen to boot with it, else emulation.

A device file proves nothing: there are boxes where /dev/kvm opens, answers every question, and then hangs each guest.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from pathlib import Path

from pydantic import ValidationError

from labyard.errors import MachineError
from labyard.machine.machine import Machine
from labyard.machine.plan import MIB, PROCESSORS, QEMU, Accelerator, Limits, MachineSpec
from labyard.play.plan import Value

# The kernel's own word (init/main.c, run_init_process) once everything it does by itself is done.
_PROOF = "Run /init as init process"
_LOOK_SECONDS = 0.05

_KVM = Path("/dev/kvm")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PROCESSORS = Path("/proc/cpuinfo")


class Verdict(Value):
    """`note` is a sentence for people: what machines run on here, and why."""

    accelerator: Accelerator
    note: str


class _Remembered(Value):
    """A verdict, and what it depends on: this boot of the host, this QEMU, this kernel."""

    circumstances: str
    verdict: Verdict


async def choose(
    kernel: Path, initrd: Path, *, folder: Path, mark: str, uid: int, limit: float = 3, device: Path = _KVM
) -> Verdict:
    """Decide for this box, by a boot of at most `limit` seconds, or by what was found earlier in this boot of the host.

    `folder` keeps the verdict and, while it probes, the machine's files; `mark` and `uid` are those of any machine.
    Never raises for a box without KVM: that is a verdict too.
    """
    if not device.exists():
        return _emulated(f"there is no {device}")
    circumstances = await asyncio.to_thread(_circumstances, kernel)
    remembered = _read(folder / "accelerator.json")
    if remembered is not None and remembered.circumstances == circumstances:
        return remembered.verdict
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    verdict = await _probe(kernel, initrd, folder / "accelerator-probe", mark, uid, limit)
    _write(folder / "accelerator.json", _Remembered(circumstances=circumstances, verdict=verdict))
    return verdict


def model(accelerator: Accelerator) -> str:
    """The processor that machines see; of one that is the host's, which that is."""
    name = PROCESSORS[accelerator]
    if accelerator is Accelerator.TCG:
        return name
    lines = _PROCESSORS.read_text(errors="replace").splitlines()
    return f"{name}: " + next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


async def _probe(kernel: Path, initrd: Path, run_dir: Path, mark: str, uid: int, limit: float) -> Verdict:
    shutil.rmtree(run_dir, ignore_errors=True)
    run_dir.mkdir(mode=0o700)
    try:
        own = run_dir / "initrd"
        await asyncio.to_thread(shutil.copyfile, initrd, own)
        spec = MachineSpec(
            mark=mark,
            play="accelerator",
            name="probe",
            accelerator=Accelerator.KVM,
            cpus=1,
            memory=512 * MIB,
            kernel=kernel,
            initrd=own,
            cmdline=("loglevel=7",),
            run_dir=run_dir,
            uid=uid,
            limits=Limits(file_size=64 * MIB),
        )
        return await _boot(spec, limit)
    finally:
        shutil.rmtree(run_dir, ignore_errors=True)


async def _boot(spec: MachineSpec, limit: float) -> Verdict:
    """Boot it under KVM and read its console until it has proven itself, or its time is over."""
    try:
        machine = await Machine.launch(spec)
    except MachineError as error:
        return _emulated(f"/dev/kvm is here, but QEMU cannot use it: {_first_line(error.message)}")
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                while machine.alive:
                    if _PROOF in await machine.console():
                        return Verdict(accelerator=Accelerator.KVM, note="Machines run with KVM.")
                    await asyncio.sleep(_LOOK_SECONDS)
    finally:
        await machine.kill()
    if said := _first_line(machine.said()):
        return _emulated(f"/dev/kvm is here, but QEMU cannot use it: {said}")
    return _emulated(f"/dev/kvm is here, but a kernel booted with it did not get to its first program in {limit:g} s")


def _emulated(why: str) -> Verdict:
    note = f"Machines run under software emulation, several times slower than with KVM: {why}."
    return Verdict(accelerator=Accelerator.TCG, note=note)


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")[:300].rstrip(".")


def _circumstances(kernel: Path) -> str:
    try:
        version = subprocess.run([QEMU, "--version"], capture_output=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MachineError(f"{QEMU} does not run: {error}", hint="labyard doctor says what to install") from error
    status = kernel.stat()
    qemu = version.decode(errors="replace").partition("\n")[0]
    return f"{_BOOT_ID.read_text().strip()} {qemu} {kernel} {status.st_size} {status.st_mtime_ns}"


def _read(path: Path) -> _Remembered | None:
    try:
        return _Remembered.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _write(path: Path, remembered: _Remembered) -> None:
    new = path.with_suffix(".new")
    new.write_text(remembered.model_dump_json())
    new.replace(path)
