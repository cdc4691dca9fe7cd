"""`labyard lint`, less the walking of files: what a person should know about one manifest."""

from __future__ import annotations

from collections.abc import Sequence

from labyard.errors import Problem
from labyard.spec.document import Place, place_of, read_yaml
from labyard.spec.limits import DEFAULT, Limits
from labyard.spec.manifest import Known, ReadFile, check, parse_manifest


def lint_text(
    text: str,
    *,
    file: str = "manifest.yaml",
    limits: Limits = DEFAULT,
    known: Known | None = None,
    files: ReadFile | None = None,
) -> tuple[Problem, ...]:
    """Every error and warning, in the order of the file. Pure, but for what `files` reads."""
    return check(text, file=file, limits=limits, known=known, files=files)


def has_errors(problems: Sequence[Problem]) -> bool:
    """Whether `labyard lint` ends with status 1."""
    return any(not problem.warning for problem in problems)


def drive_sources(
    text: str, *, file: str = "manifest.yaml", limits: Limits = DEFAULT, files: ReadFile | None = None
) -> tuple[tuple[str, Place], ...]:
    """Every drive's source, and where it is written. Raises SpecError for a manifest with errors."""
    manifest = parse_manifest(text, file=file, limits=limits, files=files)
    root, _ = read_yaml(text, file=file, limits=limits)
    return tuple(
        (drive.source, place_of(root, ("playground", "machines", at, "drives", index, "source")))
        for at, machine in enumerate(manifest.playground.machines)
        for index, drive in enumerate(machine.drives)
        if drive.source is not None
    )
