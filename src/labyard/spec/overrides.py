"""What one start changes in its playground: `machines`, `networks`, `tabs`, `initTasks` of a CreatePlayRequest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from labyard.errors import SpecError
from labyard.spec.checks import examine
from labyard.spec.document import plain, tree_of
from labyard.spec.findings import Finding
from labyard.spec.limits import DEFAULT, Limits
from labyard.spec.model import Manifest
from labyard.spec.reading import read
from labyard.spec.scene import Known

KEYS: Final = ("machines", "networks", "tabs", "initTasks")
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
    whole = manifest.model_dump(mode="json", by_alias=True, exclude_none=True)
    spec = whole["playground"]
    if isinstance(machines := given.get("machines"), list):
        given["machines"] = [_completed(machine, spec["machines"]) for machine in machines]
        _forget_absent(spec, {str(machine.get("name")) for machine in given["machines"] if isinstance(machine, dict)})
    changed, left, findings = read(Manifest, _tree({**whole, "playground": {**spec, **given}}, limits))
    if changed is not None:
        beyond = examine(changed, limits=limits, known=known)
        findings += tuple(finding for finding in beyond if finding.holds_in(left))
    errors = tuple(finding.named(_FILE) for finding in findings if not finding.warning)
    if errors or changed is None:
        raise SpecError(errors)
    return changed


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
