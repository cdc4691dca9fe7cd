"""The tables of docs/reference/manifest.md, from the field table and the limits: the page cannot drift from the code.

`python -m labyard.spec.reference < docs/reference/manifest.md` prints the page with its tables renewed.
"""

from __future__ import annotations

import re
import sys
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from labyard.spec import model
from labyard.spec.limits import DEFAULT, PUBLISHED, Limits
from labyard.spec.schema import json_schema
from labyard.spec.sizes import show_size

PARTS: Final[tuple[type[BaseModel], ...]] = (
    model.Manifest,
    model.Playground,
    model.Network,
    model.Machine,
    model.User,
    model.Kernel,
    model.Drive,
    model.MachineNetwork,
    model.Interface,
    model.Resources,
    model.StartupFile,
    model.SharedStartupFile,
    model.Tab,
    model.Task,
    model.Condition,
    model.InitConditions,
    model.Parameter,
    model.PortForward,
    model.AccessControl,
    model.OldAccess,
    model.Snapshot,
)
_TABLE: Final = re.compile(r"<!-- table: (\w+) -->\n.*?<!-- end -->\n", re.DOTALL)
_SIZES: Final = frozenset(
    name
    for name in Limits.model_fields
    if name.startswith(("document", "drive", "memory", "startup_file")) and name not in ("drives", "startup_files")
)


def renewed(page: str) -> str:
    """The page with every `<!-- table: NAME -->` ... `<!-- end -->` filled anew. KeyError for a name there is not."""
    schema = json_schema()
    tables = {part.__name__: fields_table(part, schema) for part in PARTS} | {"Limits": limits_table()}
    return _TABLE.sub(lambda found: f"<!-- table: {found[1]} -->\n{tables[found[1]]}<!-- end -->\n", page)


def fields_table(part: type[BaseModel], schema: dict[str, Any]) -> str:
    """One row per field of its own: name, type, default, meaning."""
    inherited = model.StartupFile.model_fields if part is model.SharedStartupFile else {}
    properties = (schema if part is model.Manifest else schema["$defs"][part.__name__])["properties"]
    rows = [
        f"| `{field.alias}` | {_type(properties[str(field.alias)], schema)} | {_default(field)} | {_meaning(field)} |\n"
        for name, field in part.model_fields.items()
        if name not in inherited
    ]
    return "| field | type | default | meaning |\n|---|---|---|---|\n" + "".join(rows)


def limits_table(limits: Limits = DEFAULT) -> str:
    """One row per setting; the last column is what iximiuz Labs published, where it differs."""
    rows = [
        f"| `{name}` | {_amount(name, getattr(limits, name))} | {_published(name)} | {_meaning(field)} |\n"
        for name, field in Limits.model_fields.items()
    ]
    return "| setting | default | warned beyond | meaning |\n|---|---|---|---|\n" + "".join(rows)


def _type(about: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in about:
        name = about["$ref"].rpartition("/")[2]
        words = schema["$defs"][name].get("enum")
        return " \\| ".join(f"`{word}`" for word in words) if words else f"[{name}](#{name.lower()})"
    if "anyOf" in about:
        return " or ".join(_type(choice, schema) for choice in about["anyOf"])
    if "patternProperties" in about:
        return "map of " + _type(next(iter(about["patternProperties"].values())), schema)
    if about.get("type") == "array":
        return f"list of {_type(about['items'], schema)}"
    if "const" in about:
        return f"`{about['const']}`"
    kind = about.get("type", "")
    return kind if isinstance(kind, str) else "string"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None or value in ((), {}, "") or isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{', '.join(value)}`" if isinstance(value, tuple) else f"`{getattr(value, 'value', value)}`"


def _meaning(field: FieldInfo) -> str:
    return " ".join((field.description or "").split()).replace("|", "\\|")


def _amount(name: str, value: int) -> str:
    return show_size(value) if name in _SIZES else f"{value:,}"


def _published(name: str) -> str:
    return _amount(name, getattr(PUBLISHED, name)) if name in PUBLISHED.model_fields_set else ""


if __name__ == "__main__":
    sys.stdout.write(renewed(sys.stdin.read()))
