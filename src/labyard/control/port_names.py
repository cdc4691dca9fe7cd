"""The name of a machine's port: one label, so that each is an origin of its own. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LABEL = re.compile(r"([1-9][0-9]{0,4})-([a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?)-([0-9a-f]{24})")


@dataclass(frozen=True, slots=True)
class PortName:
    """A label has at most 63 characters: 5 for the number, 32 for the machine, 24 for the play, and two hyphens."""

    number: int
    machine: str
    play: str

    @classmethod
    def read(cls, label: str) -> PortName | None:
        """None for what is no port's label."""
        found = _LABEL.fullmatch(label)
        if found is None or not 0 < int(found[1]) < 1 << 16:
            return None
        return cls(int(found[1]), found[2], found[3])

    @property
    def label(self) -> str:
        return f"{self.number}-{self.machine}-{self.play}"
