"""The plays a round has begun and not yet seen end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from labyard.bots.lab import AwayError, Lab
from labyard.errors import LabyardError


class Ours:
    """Their ids. With `file` they are written down at every change, so that the next round ends what this one could not."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._ids: dict[str, None] = {}

    def __contains__(self, play_id: object) -> bool:
        return play_id in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._ids))

    def add(self, play_id: str) -> None:
        self._ids[play_id] = None
        self._write()

    def remove(self, play_id: str) -> None:
        self._ids.pop(play_id, None)
        self._write()

    async def end_left(self, lab: Lab) -> None:
        """End what an earlier round left: its server was killed, or went away while it ran. Raises AwayError."""
        for play_id in self._read():
            self._ids[play_id] = None
        for play_id in self:
            try:
                await lab.destroy(play_id)
            except AwayError:
                raise
            except LabyardError:
                pass  # gone, or another one's by now: not ours to end any more
            self.remove(play_id)

    def _read(self) -> list[str]:
        if self._file is None:
            return []
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        return [item for item in told if isinstance(item, str)] if isinstance(told, list) else []

    def _write(self) -> None:
        if self._file is not None:
            new = self._file.with_suffix(".new")
            new.write_text(json.dumps([*self._ids]), encoding="utf-8")
            new.replace(self._file)
