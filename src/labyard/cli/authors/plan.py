"""What a push changes on a server. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Paths, in order. `removed`: on the server, and not here any more."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def sent(self) -> tuple[str, ...]:
        return (*self.new, *self.changed)

    @property
    def empty(self) -> bool:
        return not (self.new or self.changed or self.removed)

    def lines(self) -> list[str]:
        marks = (("+", self.new), ("~", self.changed), ("-", self.removed))
        return [f"  {mark} {path}" for mark, paths in marks for path in paths]

    def words(self) -> str:
        counts = (("new", self.new), ("changed", self.changed), ("removed", self.removed))
        return ", ".join(f"{len(paths)} {word}" for word, paths in counts if paths) or "nothing to do"


def plan_of(here: Mapping[str, str], there: Mapping[str, str], only: Collection[str] | None = None) -> Plan:
    """From paths and digests to what is to be done. `only`: these paths, and nothing is removed. An empty digest is unknown."""
    wanted = [path for path in sorted(here) if only is None or path in only]
    return Plan(
        new=tuple(path for path in wanted if path not in there),
        changed=tuple(path for path in wanted if path in there and (not there[path] or here[path] != there[path])),
        removed=() if only is not None else tuple(path for path in sorted(there) if path not in here),
    )


def in_phases(paths: Collection[str]) -> list[list[str]]:
    """What is sent at the same time: what Markdown may show first, the index last. So a new piece appears when it is whole."""
    texts = [path for path in paths if path.lower().endswith(".md")]
    index = [path for path in texts if "/" not in path and path.endswith("index.md")]
    others = [path for path in paths if path not in texts]
    return [phase for phase in (others, [path for path in texts if path not in index], index) if phase]
