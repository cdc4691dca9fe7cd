"""How much of a repository is fetched, from where, and by whom."""

from __future__ import annotations

from pathlib import Path

from labyard.play.plan import Value
from labyard.repositories.reach import Network

MIB = 1 << 20


class GitSettings(Value):
    """Sizes in bytes, spans in seconds. `pack`: what is fetched, as it travels; `files`, `size`: what is read of it.

    `networks`: private ones that may be reached all the same. `authorities`: a file of further certificate authorities.
    `uid`: whom Git runs as, when we are root.
    """

    networks: tuple[Network, ...] = ()
    authorities: Path | None = None
    for_everybody: bool = False
    patience: float = 90
    pack: int = 128 * MIB
    memory: int = 1536 * MIB
    files: int = 500
    size: int = 32 * MIB
    at_once: int = 2
    uid: int = 509_990
