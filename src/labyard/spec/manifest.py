"""Manifest text → a checked `Manifest`, or everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Callable

from labyard.errors import Problem, SpecError
from labyard.spec.checks import examine
from labyard.spec.document import read_yaml
from labyard.spec.files import read_files
from labyard.spec.limits import DEFAULT, Limits
from labyard.spec.model import Manifest
from labyard.spec.reading import read
from labyard.spec.scene import Known

__all__ = ["Known", "Manifest", "check", "parse_manifest"]

ReadFile = Callable[[str], bytes]
"""Content of a file beside the manifest, by its path there. Raises OSError or ValueError when it cannot be had."""


def parse_manifest(
    text: str,
    *,
    file: str = "manifest.yaml",
    limits: Limits = DEFAULT,
    known: Known | None = None,
    files: ReadFile | None = None,
) -> Manifest:
    """The manifest in `text`. Raises SpecError with every error found, in the order of the file.

    `known`: what the box has, to name what it has not. `files` reads what `source` of startup files names.
    """
    manifest, problems = _parse(text, file, limits, known or Known(), files)
    errors = tuple(problem for problem in problems if not problem.warning)
    if errors or manifest is None:
        raise SpecError(errors)
    return manifest


def check(
    text: str,
    *,
    file: str = "manifest.yaml",
    limits: Limits = DEFAULT,
    known: Known | None = None,
    files: ReadFile | None = None,
) -> tuple[Problem, ...]:
    """Every error and warning, in the order of the file; never raises for what is in `text`."""
    try:
        return _parse(text, file, limits, known or Known(), files)[1]
    except SpecError as error:
        return error.problems


def _order(problem: Problem) -> tuple[int, int, bool, str]:
    return problem.line, problem.column, problem.warning, problem.message


def _parse(
    text: str, file: str, limits: Limits, known: Known, files: ReadFile | None
) -> tuple[Manifest | None, tuple[Problem, ...]]:
    root, problems = read_yaml(text, file=file, limits=limits)
    manifest, left, broken = read(Manifest, root)
    found = [*problems, *(finding.placed(root, file) for finding in broken)]
    if manifest is not None:
        if files is not None:
            manifest, unread = read_files(manifest, files, limits)
            found += [finding.placed(left, file) for finding in unread]
        findings = examine(manifest, limits=limits, known=known, original=root)
        found += [finding.placed(left, file) for finding in findings if finding.holds_in(left)]
    return manifest, tuple(sorted(set(found), key=_order))
