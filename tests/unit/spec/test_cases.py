"""A folder per case: `manifest.yaml`, perhaps `parameters.json`, `limits.json`; expected: `problems.txt`, `plan.json`.

A case without `plan.json` must be refused; one without `problems.txt` must have none, not even a warning.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labyard.errors import SpecError
from labyard.spec.limits import Limits
from labyard.spec.manifest import check, parse_manifest
from labyard.spec.resolve import resolve

CASES = Path(__file__).parent / "cases"
NAMES = sorted(folder.name for folder in CASES.iterdir())


def outcome(folder: Path) -> tuple[str, object]:
    """What is said about a case, and its plan when there is one."""
    text = (folder / "manifest.yaml").read_text()
    limits = Limits(**json.loads(read(folder / "limits.json") or "{}"))
    parameters = json.loads(read(folder / "parameters.json") or "{}")
    said = [str(problem) for problem in check(text, limits=limits)]
    try:
        plan = resolve(parse_manifest(text, limits=limits), parameters=parameters, limits=limits)
    except SpecError as error:
        said += [str(problem) for problem in error.problems if str(problem) not in said]
        return "".join(f"{line}\n" for line in said), None
    return "".join(f"{line}\n" for line in said), plan.model_dump(mode="json", exclude_defaults=True)


def read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str) -> None:
    problems, plan = outcome(CASES / name)
    assert problems == (read(CASES / name / "problems.txt") or "")
    assert plan == json.loads(read(CASES / name / "plan.json") or "null")


def test_every_case_expects_something() -> None:
    assert all((CASES / name / "problems.txt").exists() or (CASES / name / "plan.json").exists() for name in NAMES)
