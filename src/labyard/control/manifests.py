"""From what somebody wrote, and what one start wishes, to a plan: `spec` and `content` with this server's limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from labyard.content.document import Document
from labyard.content.ground import Grounds, check_ground, play_digest
from labyard.content.library import beside
from labyard.content.model import Listed, Played
from labyard.errors import ConflictError, Problem, SpecError
from labyard.play.plan import PlayPlan
from labyard.spec.limits import DEFAULT, Limits
from labyard.spec.manifest import Known, Manifest, parse_manifest
from labyard.spec.overrides import apply_overrides
from labyard.spec.resolve import resolve
from labyard.spec.tasks import with_lesson


class Manifests:
    """Every method raises SpecError with all problems at once."""

    def __init__(self, limits: Limits = DEFAULT, *, known: Callable[[], Known] = Known) -> None:
        """`known`: what this box has, asked at every start; the catalog is read once, and may name what comes later."""
        self._limits = limits
        self._known = known

    def parse_with(self, text: str, *, file: str, files: Callable[[str], bytes]) -> Manifest:
        """One that comes with its files. `files` raises OSError for one that is not there."""
        return parse_manifest(text, file=file, limits=self._limits, known=self._known(), files=files)

    def parse(self, text: str, *, file: str, folder: Path | None = None) -> Manifest:
        """`folder`: where files that it names lie. None: it may name none, as one sent over HTTP."""
        return parse_manifest(
            text,
            file=file,
            limits=self._limits,
            known=self._known() if folder is None else None,
            files=_reader(folder, self._limits.startup_file),
        )

    def plan(self, manifest: Manifest, *, overrides: Mapping[str, Any], parameters: Mapping[str, str]) -> PlayPlan:
        changed = apply_overrides(manifest, overrides, limits=self._limits, known=self._known())
        return resolve(changed, parameters=parameters, limits=self._limits)

    def of_lesson(self, document: Document, grounds: Grounds, folders: Sequence[Path]) -> tuple[Manifest, Played]:
        """The playground as a lesson wants it, and the lesson. `folders`: where files that it names may lie."""
        ground = check_ground(document, grounds, self._limits, known=self._known(), files=partial(beside, folders))
        errors = [] if document.sound else [each for each in document.problems if not each.warning]
        errors += [each for each in ground.problems if not each.warning]
        if errors:
            raise SpecError(tuple(errors))
        content = document.content
        if not isinstance(content, Played) or content.playground is None or ground.manifest is None:
            raise ConflictError(f"{document.title or document.file} is only read: it has no playground")
        changed = {key for key in content.playground.model_fields_set if key not in ("name", "tabs")}
        if ground.manifest.playground.snapshot is not None and changed:
            words = f"`{ground.manifest.name}` goes on from a snapshot as it is: only `tabs` can be changed"
            raise SpecError((Problem(file=document.file, line=1, column=1, message=words),))
        return ground.manifest, content

    def plan_lesson(self, manifest: Manifest, content: Played, *, key: str, parameters: Mapping[str, str]) -> PlayPlan:
        """`key`: what the play says of which lesson it is."""
        plan = resolve(manifest, parameters=parameters, limits=self._limits)
        plan = with_lesson(plan, content.tasks, lesson=key, title=content.title)
        needs = isinstance(content, Listed) and content.needs is not None
        digest = play_digest(manifest, content)
        return plan.model_copy(update={"needs_internet": plan.needs_internet or needs, "lesson_digest": digest})

    def most_memory(self, manifest: Manifest, *, overrides: Mapping[str, Any]) -> tuple[str, int]:
        """The machine that asks for most memory, before any cap, and how many bytes."""
        changed = apply_overrides(manifest, overrides, limits=self._limits)
        asked = {
            machine.name: (machine.resources.ram_size if machine.resources else None) or 0
            for machine in changed.playground.machines
        }
        return max(asked.items(), key=lambda item: item[1])


def _reader(folder: Path | None, limit: int) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        if folder is None:
            raise ValueError("a manifest that is sent cannot name files; use `content`")
        root = folder.resolve()
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise ValueError("it lies outside the manifest's folder")
        with path.open("rb") as file:
            return file.read(limit + 1)  # one more: the reader of it says that it is too large

    return read
