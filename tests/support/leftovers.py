"""What a play must not leave behind: processes, namespaces, links, mounts, files."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Leftovers:
    processes: tuple[str, ...]
    namespaces: tuple[str, ...]
    links: tuple[str, ...]
    mounts: tuple[str, ...]
    files: tuple[str, ...]

    def __bool__(self) -> bool:
        return any((self.processes, self.namespaces, self.links, self.mounts, self.files))


def look(data: Path, mark: str) -> Leftovers:
    """All that bears this data folder's mark, seen from the namespace we are in."""
    return Leftovers(
        processes=tuple(_processes(f"labyard-{mark}-")),
        namespaces=tuple(p.name for p in Path("/run/netns").glob(f"labyard-{mark}-*")),
        links=tuple(line.split(":")[1].strip() for line in _links() if mark in line),
        mounts=tuple(line for line in Path("/proc/self/mounts").read_text().splitlines() if f"labyard-{mark}-" in line),
        files=tuple(str(path) for path in (data / "plays").glob("*")),
    )


def _links() -> list[str]:
    return subprocess.run(["ip", "-o", "link"], check=True, capture_output=True, text=True).stdout.splitlines()


def _processes(prefix: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(argument.startswith(prefix) for argument in arguments):
            found.append(f"{path.parent.name} {' '.join(arguments)[:120]}")
    return found
