"""`labyard lint`, less the walking of files: what a person should know about one manifest."""

from __future__ import annotations

from collections.abc import Sequence

from labyard.errors import Problem
from labyard.spec.limits import DEFAULT, Limits
from labyard.spec.manifest import Known, ReadFile, check


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
