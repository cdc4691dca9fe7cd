"""What one start changes in its playground (`machines`, `networks`, `tabs`, `initTasks` of a CreatePlayRequest), and
what a lesson does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from labyard.errors import SpecError
from labyard.spec.checks import examine
from labyard.spec.document import Loc, plain, tree_of
from labyard.spec.files import read_files
from labyard.spec.findings import Finding
from labyard.spec.limits import DEFAULT, Limits
from labyard.spec.model import Manifest
from labyard.spec.reading import read
from labyard.spec.scene import Known

KEYS: Final = ("machines", "networks", "tabs", "initTasks")
_LESSON: Final = ("machines", "networks", "tabs", "startupFiles", "registryAuth")
_SPEC: Final = ("playground",)
_FILE: Final = "request"


def apply_overrides(
    manifest: Manifest, overrides: Mapping[str, object], *, limits: Limits = DEFAULT, known: Known | None = None
) -> Manifest:
    """The manifest one start uses. Raises SpecError with every problem, each named by its path.

    Each of the keys replaces what the playground has; null and empty change nothing, other keys are not looked at.
    A machine named like one of the playground's takes from it every field it does not give itself. Tasks, tabs,
    forwards and shared startup files of machines left out go with them, unless the request gives its own.
    """
    given = {key: _decoded(overrides[key], limits) for key in KEYS if overrides.get(key)}
    if not given:
        return manifest
    changed, findings = _changed(manifest, _dumped(manifest), given, limits, known)
    errors = tuple(finding.named(_FILE) for finding in findings if not finding.warning)
    if errors or changed is None:
        raise SpecError(errors)
    return changed


def apply_use(
    manifest: Manifest,
    use: Mapping[str, object],
    *,
    limits: Limits = DEFAULT,
    known: Known | None = None,
    files: Callable[[str], bytes] | None = None,
) -> tuple[Manifest | None, tuple[Finding, ...]]:
    """The manifest a lesson is played in, and what is wrong with what it changes, by its place in the front matter.

    `machines`, `networks` and `tabs` as in `apply_overrides`; `startupFiles` come after the playground's, `initConditions`
    replace start parameters of the same key and add others, `registryAuth` is the lesson's. `files` reads what lies
    beside the lesson. None: too little of it can be read.
    """
    given = {key: _decoded(use[key], limits) for key in (*_LESSON, "initConditions") if use.get(key)}
    if not given:
        return manifest, ()
    whole = _dumped(manifest)
    moved: dict[Loc, Loc] = {}
    if isinstance(own := given.get("startupFiles"), list):
        theirs = whole["playground"].get("startupFiles", [])
        given["startupFiles"] = [*theirs, *own]
        moved |= {(*_SPEC, "startupFiles", len(theirs) + i): (*_SPEC, "startupFiles", i) for i in range(len(own))}
    if isinstance(own := given.pop("initConditions", {}).get("values"), list):
        values = _merged(whole["playground"].get("initConditions", {}).get("values", []), own)
        given["initConditions"] = {"values": values}
        home: Loc = (*_SPEC, "initConditions", "values")
        moved |= {(*home, at): (*home, own.index(value)) for at, value in enumerate(values) if value in own}
    changed, findings = _changed(manifest, whole, given, limits, known, files)
    return changed, tuple(_back(finding, moved) for finding in findings)


def _changed(
    manifest: Manifest,
    whole: dict[str, Any],
    given: dict[str, Any],
    limits: Limits,
    known: Known | None,
    files: Callable[[str], bytes] | None = None,
) -> tuple[Manifest | None, tuple[Finding, ...]]:
    """`whole` with `given` instead of what it has."""
    spec = whole["playground"]
    if isinstance(machines := given.get("machines"), list):
        given["machines"] = [_completed(machine, spec["machines"]) for machine in machines]
        _forget_absent(spec, {str(machine.get("name")) for machine in given["machines"] if isinstance(machine, dict)})
    changed, left, findings = read(Manifest, _tree({**whole, "playground": {**spec, **given}}, limits))
    if changed is None:
        return None, findings
    if files is not None:
        changed, unread = read_files(changed, files, limits)
        findings += unread
    beyond = examine(changed, limits=limits, known=known)
    return changed, (*findings, *(finding for finding in beyond if finding.holds_in(left)))


def _dumped(manifest: Manifest) -> dict[str, Any]:
    """As JSON. Of a startup file that was read from beside it the text alone."""
    whole = manifest.model_dump(mode="json", by_alias=True, exclude_none=True)
    spec = whole["playground"]
    for part in (spec, *spec["machines"]):
        for file in part.get("startupFiles", ()):
            if "content" in file:
                file.pop("source", None)
    return whole


def _merged(theirs: list[Any], own: list[Any]) -> list[Any]:
    """Start parameters by key: a lesson's instead of the playground's, in its place."""
    by_key = {value.get("key"): value for value in own if isinstance(value, dict)}
    kept = [by_key.get(value.get("key"), value) for value in theirs]
    return [*kept, *(value for value in own if value not in kept)]


def _back(finding: Finding, moved: Mapping[Loc, Loc]) -> Finding:
    for end in (3, 4):
        if (home := moved.get(finding.loc[:end])) is not None:
            return replace(finding, loc=(*home, *finding.loc[end:]))
    return finding


def _decoded(value: object, limits: Limits) -> Any:
    """Plain lists and dicts, found to be of bearable size first."""
    return plain(_tree(value, limits))


def _tree(value: object, limits: Limits) -> Any:
    try:
        return tree_of(value, limits=limits)
    except ValueError as error:
        raise SpecError((Finding(loc=(), message=str(error)).named(_FILE),)) from None


def _completed(machine: Any, machines: list[dict[str, Any]]) -> Any:
    if not isinstance(machine, dict):
        return machine
    base = next((other for other in machines if other["name"] == machine.get("name")), {})
    return {**base, **{key: value for key, value in machine.items() if value not in (None, "", [], {})}}


def _forget_absent(spec: dict[str, Any], left: set[str]) -> None:
    """Remove from the playground's own parts what belongs to machines that are no longer there."""
    tasks = {name: task for name, task in spec.get("initTasks", {}).items() if task["machine"] in left}
    for task in tasks.values():
        task["needs"] = [need for need in task.get("needs", ()) if need in tasks]
    spec["initTasks"] = tasks
    for key in ("tabs", "portForwards"):
        spec[key] = [part for part in spec.get(key, ()) if part.get("machine") in (None, *left)]
    for file in spec.get("startupFiles", ()):
        if "machines" in file:
            file["machines"] = [name for name in file["machines"] if name in left]
