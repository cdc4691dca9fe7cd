from __future__ import annotations

from labyard.bots.limits import usual


def test_emulated_machines_get_twice_the_time() -> None:
    assert (usual(emulated=False).work, usual(emulated=True).work) == (300, 600)
