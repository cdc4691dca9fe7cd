"""Content on disk: the files of a folder, less what its `.labctlignore` files leave out."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pathspec import GitIgnoreSpec

from labyard.content.lint import LARGEST
from labyard.content.paths import is_passed_over

IGNORE: Final = ".labctlignore"
MOST_FILES: Final = 20_000
_OURS: Final = re.compile(r"([0-9]+\.)?index\.md|unit-[^/]*\.md|solution(-[0-9]+)?\.md|program\.md")
_STATIC: Final = "__static__"


@dataclass(frozen=True, slots=True)
class Folder:
    """`root`: a folder of one or many pieces of content, or a single Markdown file, which is then looked at in any case."""

    root: Path
    _ignored: dict[Path, GitIgnoreSpec] = field(default_factory=dict)

    @property
    def _top(self) -> Path:
        return self.root if self.root.is_dir() else self.root.parent

    def names(self) -> tuple[str, ...]:
        """Markdown that is content, and what lies in `__static__` though it cannot. ValueError when there is too much."""
        if not self.root.is_dir():
            return (self.root.name,)
        found: list[str] = []
        seen = 0
        for place, folders, files in os.walk(self.root):
            here = Path(place)
            folders[:] = sorted(each for each in folders if each[0] != "." and not self._leaves_out(here / each, "/"))
            seen += len(files)
            if seen > MOST_FILES:
                raise ValueError(f"{self.root} holds more than {MOST_FILES} files")
            for name in sorted(files):
                static = name.endswith(".md") and _STATIC in here.relative_to(self.root).parts
                if (static or _OURS.fullmatch(name)) and not self._leaves_out(here / name):
                    found.append((here / name).relative_to(self.root).as_posix())
        return tuple(found)

    def sent(self) -> tuple[str, ...]:
        """All that a push sends, less what is left out: also hidden files, and links. ValueError when there is too much."""
        found: list[str] = []
        for place, folders, files in os.walk(self.root):
            here = Path(place)
            links = [each for each in folders if (here / each).is_symlink()]
            folders[:] = sorted({*folders} - {*links} - {each for each in folders if self._stays(here / each, "/")})
            for name in sorted((*files, *links)):
                if not self._stays(here / name):
                    found.append((here / name).relative_to(self.root).as_posix())
            if len(found) > MOST_FILES:
                raise ValueError(f"{self.root} holds more than {MOST_FILES} files")
        return tuple(found)

    def text(self, name: str) -> str:
        """Raises OSError, or ValueError for one that is too large or no text."""
        with (self._top / name).open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise ValueError("it is not UTF-8") from None

    def exists(self, name: str) -> bool:
        """Whether there is such a file in the folder; a link that leads out of it leads nowhere."""
        top = self._top.resolve()
        path = (top / name).resolve()
        return path.is_relative_to(top) and path.is_file()

    def shown(self, name: str) -> str:
        return str(self._top / name)

    def _stays(self, path: Path, end: str = "") -> bool:
        return is_passed_over(path.name) or self._leaves_out(path, end)

    def _leaves_out(self, path: Path, end: str = "") -> bool:
        """By the rules of any folder above it, as Git's: the innermost rule that speaks of it decides."""
        top = self._top
        for folder in path.parents:
            if (
                verdict := self._rules(folder).check_file(path.relative_to(folder).as_posix() + end).include
            ) is not None:
                return verdict
            if folder == top:
                break
        return False

    def _rules(self, folder: Path) -> GitIgnoreSpec:
        if folder not in self._ignored:
            try:
                text = (folder / IGNORE).read_text(errors="replace")[:LARGEST]
            except OSError:
                text = ""
            self._ignored[folder] = GitIgnoreSpec.from_lines(text.splitlines())
        return self._ignored[folder]
