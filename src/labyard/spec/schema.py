"""The manifest's JSON Schema (2020-12), from the same table of fields that the parser reads with."""

from __future__ import annotations

from typing import Any

from labyard.spec.limits import DEFAULT, Limits
from labyard.spec.model import Manifest

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(limits: Limits = DEFAULT) -> dict[str, Any]:
    """For editors: fields, descriptions, defaults and limits. How parts fit together, only `labyard lint` tells."""
    schema = _tidied(Manifest.model_json_schema(by_alias=True, mode="validation"))
    definitions = schema["$defs"]
    kernel = definitions["Machine"]["properties"]["kernel"]
    kernel["anyOf"] = [{"$ref": kernel.pop("$ref")}, {"type": ["string", "number"]}]
    _bounded(schema, limits, ("title", "description", "markdown"), "maxLength")
    schema["properties"]["title"]["minLength"] = limits.title_least
    _bounded(schema, limits, ("categories",), "maxItems")
    _bounded(definitions["Playground"], limits, ("networks", "machines", "tabs"), "maxItems")
    _bounded(definitions["Machine"], limits, ("users", "drives"), "maxItems")
    _bounded(definitions["MachineNetwork"], limits, ("interfaces",), "maxItems")
    definitions["Task"]["properties"]["timeout_seconds"]["maximum"] = limits.timeout
    definitions["Playground"]["properties"]["initTasks"]["additionalProperties"] = False
    return {"$schema": _DIALECT, **schema, "title": "Labyard playground"}


def _bounded(part: dict[str, Any], limits: Limits, names: tuple[str, ...], keyword: str) -> None:
    for name in names:
        part["properties"][name][keyword] = getattr(limits, name)


def _tidied(part: Any) -> Any:
    """Without generated titles, and without the null that every optional field may be."""
    if isinstance(part, list):
        return [_tidied(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _tidied(item) for key, item in part.items() if not (key == "title" and isinstance(item, str))}
    choices = [choice for choice in kept.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        kept = {**choices[0], **{key: item for key, item in kept.items() if key != "anyOf"}}
    return {key: item for key, item in kept.items() if not (key == "default" and item is None)}
