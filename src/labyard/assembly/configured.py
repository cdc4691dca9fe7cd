"""Settings as they are in force: arguments, then the environment, then the file, then defaults."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from labyard.assembly.configuration import SECRETS, Configuration
from labyard.errors import LabyardError

DEFAULT_FILE = Path("/etc/labyard/labyard.toml")
_LONGEST = 1 << 20  # bytes of a file
_LONGEST_SECRET = 1 << 14
_HINT = "`labyard config --example` shows every setting as it is written"


class SettingsError(LabyardError):
    """A setting is not what it should be; says which, and where it comes from."""

    code = "settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """`origins`: where each value comes from that is not a default. `file`: where the file is, or would be."""

    configuration: Configuration
    origins: Mapping[str, str] = field(default_factory=dict)
    file: Path = DEFAULT_FILE


@dataclass(frozen=True, slots=True)
class _Source:
    """`called`: what a setting is called in a complaint."""

    where: str
    values: Mapping[str, Any]
    called: Callable[[str], str]


def read(arguments: Mapping[str, object] | None = None) -> Configured:
    """What is in force. `arguments`: by names of settings; those that are None were not given. Raises SettingsError."""
    named = os.environ.get("LABYARD_CONFIG")
    file = Path(named or DEFAULT_FILE)
    given = {name: value for name, value in (arguments or {}).items() if value is not None}
    sources = (
        _Source("argument", given, lambda name: f"--{name.replace('_', '-')}"),
        _Source("environment", EnvSettingsSource(Configuration)(), lambda name: f"LABYARD_{name.upper()}"),
        _Source(str(file), _written(file, must_be=bool(named)), lambda name: f"{file}: {name}"),
    )
    return _merged(sources, file)


def _merged(sources: tuple[_Source, ...], file: Path) -> Configured:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    called: dict[str, str] = {}
    for source in sources:
        for name, value in {**source.values, **_secrets(source)}.items():
            if name not in values:
                values[name], origins[name], called[name] = value, source.where, source.called(name)
    try:
        return Configured(configuration=Configuration(**values), origins=origins, file=file)
    except ValidationError as error:
        raise SettingsError("\n".join(_complaint(each, called) for each in error.errors()), hint=_HINT) from None


def _written(path: Path, *, must_be: bool) -> dict[str, Any]:
    """What the file says; nothing where there is none."""
    if not must_be and not path.exists():
        return {}
    text = _text(path, _LONGEST, str(path))
    try:
        written = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{path} is not TOML: {error}", hint=_HINT) from None
    unknown = [name for name in written if name not in Configuration.model_fields]
    if unknown:
        raise SettingsError("\n".join(f"{path}: {name[:80]}: {_unknown(name)}" for name in unknown), hint=_HINT)
    return written


def _unknown(name: str) -> str:
    if name in ("data", "url", "token", "config"):
        return f"no setting of the file; it is said by LABYARD_{name.upper()}"
    near = difflib.get_close_matches(name.lower().replace("-", "_")[:80], Configuration.model_fields, 1, 0.5)
    return f"there is no such setting; do you mean {near[0]}?" if near else "there is no such setting"


def _secrets(source: _Source) -> dict[str, str]:
    """Those that lie in files of their own, which the source names."""
    found = {}
    for name in SECRETS:
        path = source.values.get(f"{name}_file")
        if path is None:
            continue
        called = source.called(f"{name}_file")
        if name in source.values:
            raise SettingsError(f"{source.called(name)} is set, and so is {called}", hint="keep one of them")
        found[name] = _text(Path(str(path)), _LONGEST_SECRET, f"{called}: {path}").strip()
    return found


def _text(path: Path, longest: int, called: str) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(longest + 1)
    except OSError as error:
        hint = "it belongs to root: use sudo" if isinstance(error, PermissionError) else None
        raise SettingsError(f"{called} cannot be read: {error.strerror}", hint=hint) from None
    if len(text) > longest:
        raise SettingsError(f"{called} is larger than {longest} bytes", hint="is it the right file?")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise SettingsError(f"{called} is not text in UTF-8") from None


def _complaint(error: ErrorDetails, called: Mapping[str, str]) -> str:
    """In one line; what a secret is, is not said."""
    message = error["msg"].removeprefix("Value error, ")
    name = str(error["loc"][0]) if error["loc"] else ""
    if name not in called:
        return message
    return (
        f"{called[name]}: {message}"
        if name in SECRETS
        else f"{called[name]} is {str(error['input'])[:80]!r}: {message}"
    )
