"""The playgrounds there are, read from folders. A broken manifest is listed with its problems, never a crash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labyard.control.manifests import Manifests
from labyard.errors import NotFoundError, Problem, SpecError
from labyard.spec.manifest import Manifest

_NAMES = ("*.yaml", "*.yml", "*/manifest.yaml", "*/manifest.yml", "*/playground.yaml")
_MANIFEST_LIMIT = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One playground of the catalog: readable (`manifest`), or not (`problems`). `file`: its path in its folder."""

    name: str
    file: str
    folder: Path
    manifest: Manifest | None = None
    problems: tuple[Problem, ...] = ()


class Catalog:
    """Reads its folders at every question, so that an author sees an edit at once; parses only what changed.

    `own`: the one of them where saved playgrounds are put.
    """

    def __init__(self, folders: Sequence[Path], manifests: Manifests, *, own: Path | None = None) -> None:
        self._folders = tuple(folders)
        self.own = own
        self.manifests = manifests
        self._read: dict[Path, tuple[tuple[int, int], Entry]] = {}

    def entries(self) -> list[Entry]:
        """By name; where two folders have the same one, the earlier folder's counts."""
        found: dict[str, Entry] = {}
        for folder in self._folders:
            for path in sorted({path for pattern in _NAMES for path in folder.glob(pattern)}):
                if path.is_file():
                    entry = self._entry(path, folder)
                    found.setdefault(entry.name, entry)
        return [found[name] for name in sorted(found)]

    def entry(self, name: str) -> Entry:
        """NotFoundError when there is none of that name."""
        entry = next((entry for entry in self.entries() if entry.name == name), None)
        if entry is None:
            raise no_playground(name)
        return entry

    def manifest(self, name: str) -> Manifest:
        """NotFoundError when there is none of that name, SpecError when it is broken."""
        entry = self.entry(name)
        if entry.manifest is None:
            raise SpecError(entry.problems)
        return entry.manifest

    def grounds(self) -> dict[str, Manifest | None]:
        """What lessons may be played in: all of them, None for one that is broken."""
        return {entry.name: entry.manifest for entry in self.entries()}

    def file(self, name: str) -> str:
        return next((entry.file for entry in self.entries() if entry.name == name), name)

    def _entry(self, path: Path, folder: Path) -> Entry:
        state = path.stat()
        stamp = (state.st_mtime_ns, state.st_size)
        known = self._read.get(path)
        if known is None or known[0] != stamp:
            known = self._read[path] = (stamp, self._parse(path, folder))
        return known[1]

    def _parse(self, path: Path, folder: Path) -> Entry:
        file = str(path.relative_to(folder))
        fallback = path.parent.name if path.stem in ("manifest", "playground") else path.stem
        try:
            if path.stat().st_size > _MANIFEST_LIMIT:
                raise ValueError(f"larger than {_MANIFEST_LIMIT} bytes")
            manifest = self.manifests.parse(path.read_text(encoding="utf-8"), file=file, folder=path.parent)
        except SpecError as error:
            return Entry(name=fallback, file=file, folder=folder, problems=error.problems)
        except (OSError, ValueError) as error:
            problem = Problem(file=file, line=1, column=1, message=f"cannot be read: {error}")
            return Entry(name=fallback, file=file, folder=folder, problems=(problem,))
        return Entry(name=manifest.name, file=file, folder=folder, manifest=manifest)


def no_playground(name: str) -> NotFoundError:
    return NotFoundError(f"no playground {name[:64]!r}", hint="`labyard playground catalog` lists what there is")
