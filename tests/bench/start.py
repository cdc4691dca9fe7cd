"""Cold start: from the request to the play's own word that it is ready, beside QEMU alone booting the same machines."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.bench.bare import bare, keep_specs
from tests.bench.client import client, destroy, start
from tests.bench.figure import Figure, of_rounds
from tests.support.lab import Lab

FIVE = Path(__file__).with_name("five-machines.yaml")
COLD_DEBIAN = {"playground": "debian", "cold": True}
FLOOR = "QEMU alone: same line, kernel, initrd, disks; no jail, network, engine"


async def cold_start(lab: Lab, rounds: int) -> list[Figure]:
    pairs = await _rounds(lab, COLD_DEBIAN, rounds)
    return [of_rounds("cold start of debian", "s", pairs, FLOOR, limit=1.5)]


async def cold_start_five(lab: Lab, rounds: int) -> list[Figure]:
    pairs = await _rounds(lab, {"playground": "", "manifest": FIVE.read_text(), "cold": True}, rounds)
    return [of_rounds("cold start of five machines, two networks", "s", pairs, f"five of: {FLOOR}")]


async def _rounds(lab: Lab, request: dict[str, Any], rounds: int) -> list[tuple[float, float]]:
    """One start is thrown away first: it fills the page cache for both."""
    pairs = []
    with tempfile.TemporaryDirectory(dir=lab.data) as name:
        kept = Path(name)
        async with client(lab) as api:
            play, _ = await start(api, request)
            specs = keep_specs(lab.data / "plays" / play.id, kept)
            await destroy(api, play)
            for _ in range(rounds):
                async with bare(specs) as floor:
                    pass
                play, ours = await start(api, request)
                await destroy(api, play)
                pairs.append((ours, floor))
    return pairs
