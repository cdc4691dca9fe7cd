"""What kinds of values settings have: how people write each, and how it is written back. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from labyard.spec.sizes import format_size, parse_size

_PART = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_SECONDS = dict(_UNITS) | {"ms": 0.001}
_LONGEST = timedelta(days=36500)


@dataclass(frozen=True, slots=True)
class Kind:
    """`words`: what people are told it is. `write`: a value of it (never None) as TOML has it."""

    words: str
    write: Callable[[Any], str] = json.dumps


def _duration(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("no length of time")
    if not isinstance(value, str | int | float):
        return value
    text = str(value).strip()
    if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text, re.ASCII):
        seconds = float(text)
    elif len(text) <= 64 and re.fullmatch(rf"(?:{_PART.pattern})+", text, re.ASCII):
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    else:
        raise ValueError("no length of time; write it as 90s, 15m, 8h or 14d")
    if seconds > _LONGEST.total_seconds():
        raise ValueError("longer than a hundred years")
    return timedelta(seconds=seconds)


def _perhaps_never(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() == "never" else _duration(value)


def write_duration(span: timedelta | None) -> str:
    """`90s`, `8h`, `1d12h`: exact to a millisecond."""
    if span is None:
        return "never"
    milliseconds = round(span / timedelta(milliseconds=1))
    seconds, rest = divmod(milliseconds, 1000)
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        parts.append(f"{count}{unit}" if count else "")
    parts.append(f"{rest}ms" if rest else "")
    return "".join(parts) or "0s"


def _size(value: object) -> object:
    """A bare number is bytes here, as it is in programs' environments."""
    if isinstance(value, str) and not re.fullmatch(r"\s*-?\d{1,18}\s*", value, re.ASCII):
        return parse_size(value)
    return _number(value)


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("no number")
    return value


def _clock(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.lower() == "off":
        return None
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text, re.ASCII)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError("no time of day; write it as 03:00, or off")
    return time(int(found[1]), int(found[2]))


def _words(value: object) -> object:
    """From the environment, with commas between."""
    if isinstance(value, str):
        return tuple(word for word in (part.strip() for part in value.split(",")) if word)
    return value


def _plainly(value: object) -> str:
    return json.dumps(str(value))


def _write_clock(at: time | None) -> str:
    return json.dumps("off" if at is None else f"{at:%H:%M}")


_DURATION = Kind("length of time", lambda span: json.dumps(write_duration(span)))
_COUNT = Kind("number")

Duration = Annotated[timedelta, BeforeValidator(_duration), Field(ge=timedelta(0)), _DURATION]
Span = Annotated[timedelta | None, BeforeValidator(_perhaps_never), Kind("length of time, or never", _DURATION.write)]
_SIZE = Kind("size", lambda n: _plainly(format_size(n)) if n > 0 else str(n))

Size = Annotated[int, BeforeValidator(_size), Field(ge=0, lt=1 << 60), _SIZE]
Reserve = Annotated[int, BeforeValidator(_size), Field(gt=-(1 << 60), lt=1 << 60), _SIZE]
Count = Annotated[int, BeforeValidator(_number), Field(ge=0, lt=1 << 40), _COUNT]
AtLeastOne = Annotated[int, BeforeValidator(_number), Field(ge=1, lt=1 << 40), _COUNT]
Factor = Annotated[float, BeforeValidator(_number), Field(gt=0, le=100, allow_inf_nan=False), _COUNT]
Clock = Annotated[time | None, BeforeValidator(_clock), Kind("time of day, or off", _write_clock)]
Words = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_words), Kind("list", lambda words: json.dumps(list(words)))
]
Text = Annotated[str, Kind("text")]
Switch = Annotated[bool, Kind("true or false")]
PathText = Annotated[Path, Kind("file", _plainly)]
Secret = Annotated[SecretStr, Kind("secret", lambda _secret: '"..."')]
