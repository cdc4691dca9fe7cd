"""Settings for people: as a table, as a file to begin with, as a page. Pure."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from labyard.assembly.configuration import GROUPS, SECRETS, Configuration
from labyard.assembly.configured import DEFAULT_FILE, Configured
from labyard.assembly.setting_kinds import Kind

_PAGE = f"""# Settings

<!-- Made by `python -m labyard.assembly.setting_texts`; a test compares. -->

Settings are read from arguments (`--listen`), else from the environment (`LABYARD_` and the name in capitals), else from
`{DEFAULT_FILE}` (`LABYARD_CONFIG` names another file), else they have their defaults. `labyard config` shows what is in
force and where from; `labyard config --example` prints a file to begin with. What is not known, or not what it should be, is
an error, and no server starts.

The data folder is no setting of the file: it is said by `--data` or `LABYARD_DATA`, and is `/var/lib/labyard` otherwise.
`LABYARD_URL` and `LABYARD_TOKEN` are the command line's: which server it speaks to, and as whom.

Lengths of time are written `90s`, `15m`, `8h`, `14d`, `1h30m`; bare numbers are seconds. Sizes are written `512MiB`, `20GiB`;
bare numbers are bytes. Lists in the environment have commas between. Secrets are never shown; each may lie in a file of its
own, named by the setting with `_file` at its end.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`value`: as JSON has it. `origin`: `default`, `argument`, `environment`, or the file."""

    name: str
    value: Any
    origin: str


def shown(configured: Configured) -> Iterator[Shown]:
    """Every setting in force, secrets hidden."""
    for name in Configuration.model_fields:
        value = getattr(configured.configuration, name)
        origin = configured.origins.get(name, "default")
        if name in SECRETS:
            yield Shown(name=name, value=None if value is None else "(secret)", origin=origin)
        else:
            yield Shown(name=name, value=_json(name, value), origin=origin)


def example() -> str:
    """A file that says nothing yet: every setting with its default, commented out."""
    lines = [f"# Settings of Labyard, to be put at {DEFAULT_FILE}. Take the # away from what you change.", ""]
    for name, field in Configuration.model_fields.items():
        if name in GROUPS:
            lines += [f"# {'-' * 8} {GROUPS[name]}", ""]
        lines += textwrap.wrap(_plain(field.description), 118, initial_indent="# ", subsequent_indent="# ")
        value = field.examples[0] if field.examples else _json(name, field.default)
        lines += [f"#{name} = {json.dumps(value, ensure_ascii=False)}", ""]
    return "\n".join(lines)


def page() -> str:
    """docs/reference/settings.md."""
    parts = [_PAGE]
    for name, field in Configuration.model_fields.items():
        if name in GROUPS:
            parts.append(f"\n## {GROUPS[name]}\n\n| setting | is | default | means |\n|---|---|---|---|\n")
        value = _json(name, field.default)
        default = "" if value is None else f"`{json.dumps(value)}`"
        parts.append(
            f"| `{name}` | {kind_of(name).words} | {default} | {' '.join((field.description or '').split())} |\n"
        )
    return "".join(parts)


def kind_of(name: str) -> Kind:
    """Of a setting: what of its type says so."""
    field = Configuration.model_fields[name]
    inner = (each for arm in get_args(field.annotation) for each in getattr(arm, "__metadata__", ()))
    return next(each for each in (*field.metadata, *inner) if isinstance(each, Kind))


def _json(name: str, value: Any) -> Any:
    """As it is written, in JSON and TOML alike; None: it is not set. `never` and `off` are values."""
    if value is None and Configuration.model_fields[name].default is None:
        return None
    return json.loads(kind_of(name).write(value))


def _plain(text: str | None) -> str:
    return " ".join((text or "").split()).replace("`", "")


if __name__ == "__main__":
    print(page(), end="")
