"""The schema says what the parser does, judged by a validator of the few keywords it uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from labyard.spec.limits import Limits
from labyard.spec.schema import json_schema

ROOT = Path(__file__).parents[3]
CASES = Path(__file__).parent / "cases"
GOOD = [
    *sorted((ROOT / "catalog/playgrounds").glob("*/manifest.yaml")),
    *(CASES / name / "manifest.yaml" for name in ("everything", "minimal", "addresses-defaults", "parameters-chosen")),
]
WRONG = ("unknown-keys", "structure", "too-many-machines", "texts", "tasks")
BAD = [CASES / f"bad-{name}/manifest.yaml" for name in WRONG]
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}
KEYWORDS = {"default", "description", "examples", "title", "$schema", "$defs", "format"}


def violations(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "") -> Iterator[str]:
    if "$ref" in schema:
        yield from violations(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    if "anyOf" in schema and all(list(violations(value, choice, root, at)) for choice in schema["anyOf"]):
        yield f"{at}: none of the choices"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(fits(value, kind) for kind in kinds):
        yield f"{at}: no {kinds}"
        return
    yield from plain_violations(value, schema, at)
    if isinstance(value, dict):
        yield from object_violations(value, schema, root, at)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from violations(item, schema.get("items", {}), root, f"{at}[{index}]")
    known = {
        "$ref",
        "anyOf",
        "type",
        "enum",
        "const",
        "pattern",
        "items",
        "properties",
        "required",
        "patternProperties",
    }
    known |= {"additionalProperties", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"}
    assert schema.keys() <= known | KEYWORDS, "this validator knows every keyword in use"


def fits(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "boolean") == isinstance(value, bool)


def plain_violations(value: Any, schema: dict[str, Any], at: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: not in the enum"
    if "const" in schema and value != schema["const"]:
        yield f"{at}: not the constant"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{at}: not the pattern"
    if isinstance(value, str | list):
        kind = "Length" if isinstance(value, str) else "Items"
        if not schema.get(f"min{kind}", 0) <= len(value) <= schema.get(f"max{kind}", 10**9):
            yield f"{at}: too short or long"
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{at}: too small or large"


def object_violations(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    properties, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}.{name}: missing"
    for name, item in value.items():
        by_pattern = [part for pattern, part in schema.get("patternProperties", {}).items() if re.search(pattern, name)]
        if found := properties.get(name) or (by_pattern[0] if by_pattern else None):
            yield from violations(item, found, root, f"{at}.{name}")
        elif not rest:
            yield f"{at}.{name}: unknown"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.parent.name)
def test_good_manifests_keep_it(path: Path) -> None:
    schema = json_schema()
    assert list(violations(yaml.safe_load(path.read_text()), schema, schema)) == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.parent.name)
def test_bad_manifests_break_it(path: Path) -> None:
    schema = json_schema()
    assert list(violations(yaml.safe_load(path.read_text()), schema, schema))


def test_every_field_is_described() -> None:
    schema = json_schema()
    parts = {"": schema, **schema["$defs"]}
    missing = [
        f"{name}.{field}"
        for name, part in parts.items()
        for field, about in part.get("properties", {}).items()
        if not about.get("description")
    ]
    assert missing == []
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert all(part.get("additionalProperties") is False for part in parts.values() if "properties" in part)


def test_limits_show() -> None:
    schema = json_schema(Limits(machines=3, title=40))
    assert schema["$defs"]["Playground"]["properties"]["machines"]["maxItems"] == 3
    assert schema["properties"]["title"]["maxLength"] == 40
