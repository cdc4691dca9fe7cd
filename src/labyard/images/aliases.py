"""Names that stand for a source: to a recipe where there is one, else to a public image.

An operator's file goes first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import yaml

from labyard.images.problems import SourceError

_MAX_STEPS = 8


class Aliases:
    """A table from names to sources. Frozen once read."""

    def __init__(self, table: dict[str, str]) -> None:
        self._table = dict(table)

    @classmethod
    def read(cls, *paths: Path) -> Self:
        """Later files win; missing ones are empty. SourceError when one is not a table of strings."""
        table: dict[str, str] = {}
        for path in paths:
            try:
                written = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            except FileNotFoundError:
                continue
            except (yaml.YAMLError, UnicodeDecodeError) as error:
                raise SourceError(f"{path} cannot be read: {error}") from error
            if not isinstance(written, dict):
                raise SourceError(f"{path} is not a table of names and sources")
            for name, source in written.items():
                if not isinstance(name, str) or not isinstance(source, str):
                    raise SourceError(f"{path}: {name!r} and what it stands for must be text")
                table[name] = source
        return cls(table)

    def resolve(self, source: str) -> str:
        """What `source` stands for in the end; itself when it is no alias. SourceError when aliases go round."""
        for _ in range(_MAX_STEPS):
            if source not in self._table:
                return source
            source = self._table[source]
        raise SourceError(f"the aliases of {source!r} go round in a circle")

    def names(self) -> list[str]:
        return sorted(self._table)
