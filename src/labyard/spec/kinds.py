"""The kinds of value that fields hold: how each is read from text, and what its schema says."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from labyard.spec.sizes import format_size, parse_size
from labyard.spec.sources import parse_source

_WORDS: Final = {
    "true": True, "yes": True, "on": True, "false": False, "no": False, "off": False,
}  # fmt: skip


def refuse(message: str, hint: str | None = None) -> PydanticCustomError:
    """The error a reader raises; message and hint reach the author as they are."""
    return PydanticCustomError("refused", "{message}", {"message": message, "hint": hint})


def _boolean(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    raise refuse(f"{_show(value)} is neither true nor false", "write `true` or `false`")


def _integer(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,12}", value, re.ASCII):
        return int(value)
    raise refuse(f"{_show(value)} is not a whole number")


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    raise refuse(f"a text is expected here, not {_show(value)}")


def _size(value: Any) -> int:
    try:
        return parse_size(value if isinstance(value, str) else str(value))
    except ValueError as error:
        raise refuse(str(error), "write it like `512MiB`, `10GiB` or `4G`") from None


def _subnet(value: Any) -> str:
    text = _text(value)
    try:
        network = IPv4Network(text, strict=False)
    except ValueError:
        raise refuse(f"{_show(value)} is not an IPv4 subnet", "write it like `172.16.0.0/24`") from None
    if "/" not in text:
        raise refuse(f"{_show(value)} is not an IPv4 subnet", f"it lacks its prefix, like `{text}/24`")
    if IPv4Address(text.partition("/")[0]) != network.network_address:
        raise refuse(f"{_show(value)} is not an IPv4 subnet", f"did you mean `{network}`?")
    _refuse_odd_subnet(network)
    return str(network)


def _refuse_odd_subnet(network: IPv4Network) -> None:
    if not 8 <= network.prefixlen <= 30:
        raise refuse(f"the subnet `{network}` cannot be used", "prefixes from /8 to /30 can")
    first = network.network_address
    if first.is_loopback or first.is_multicast or first.is_link_local or first.is_reserved or int(first) >> 24 == 0:
        raise refuse(
            f"machines cannot use the subnet `{network}`", "take one of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16"
        )


def _address(value: Any) -> str:
    text = _text(value)
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise refuse(f"{_show(value)} is not an IPv4 address", "write it like `172.16.0.1`") from None


def _interface_address(value: Any) -> str:
    address, slash, prefix = _text(value).partition("/")
    bare = _address(address)
    if not slash:
        return bare
    if not re.fullmatch(r"[0-9]{1,2}", prefix, re.ASCII) or int(prefix) > 32:
        raise refuse(f"{_show(value)} is not an IPv4 address", "write it like `10.0.1.10` or `10.0.1.10/24`")
    return f"{bare}/{int(prefix)}"


def _source(value: Any) -> str:
    try:
        return parse_source(_text(value))
    except ValueError as error:
        raise refuse(str(error), "write a name like `debian-12`, or `oci://registry/name:tag`") from None


def _mode(value: Any) -> str:
    text = _text(value)
    if re.fullmatch(r"0?[0-7]{3,4}", text, re.ASCII):
        return text.lstrip("0") or "0"
    raise refuse(f"{_show(value)} is not a file mode", "write three or four octal digits, like `644` or `1777`")


def _pattern(regex: str, what: str, hint: str | None = None) -> BeforeValidator:
    compiled = re.compile(regex, re.ASCII)

    def check(value: Any) -> str:
        if compiled.fullmatch(text := str(_text(value))):
            return text
        raise refuse(f"{_show(value)} is not {what}", hint)

    return BeforeValidator(check)


def _file_path(value: Any) -> str:
    text = str(_text(value))
    if not text.startswith("/"):
        raise refuse(f"{_show(value)} is not an absolute path", "it begins with `/`")
    if (
        text == "/"
        or text.endswith("/")
        or len(text) > 1024
        or any(part in ("", ".", "..") for part in text[1:].split("/"))
    ):
        raise refuse(f"{_show(value)} does not name a file", "an absolute path without `.`, `..` and double slashes")
    return text


def _mount(value: Any) -> str:
    text = str(_text(value))
    path = text.rstrip("/") or "/"
    if not re.fullmatch(r"(/|(/[A-Za-z0-9._@+-]+)+)", path, re.ASCII) or len(path) > 255:
        raise refuse(f"{_show(value)} cannot be mounted at", "an absolute path of letters, digits and `._@+-`")
    parts = path[1:].split("/")
    if parts[0] in ("proc", "sys", "dev", "run") or ".." in parts or "." in parts:
        raise refuse(f"a drive cannot be mounted at {_show(value)}", "take a place like `/data`")
    return path


def _line(value: Any) -> str:
    text = str(_text(value)).strip()
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise refuse("this must be a single line of printable text")
    return text


def _url(value: Any) -> str:
    text = str(_text(value))
    if re.fullmatch(r"https?://[^\s\"'<>\\^`{|}]{1,2000}", text) and text.isprintable():
        return text
    raise refuse(f"{_show(value)} is not a web address", "it begins with `https://` or `http://`")


def _moment(value: Any) -> datetime:
    text = str(_text(value)).strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?", text, re.ASCII):
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
    raise refuse(f"{_show(value)} is no date", "write it like `2026-11-26` or `2026-11-26T12:00:00`")


def _show(value: Any) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    text = "null" if value is None else str(value)
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"


_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,%d}[a-z0-9])?"
_USER: Final = r"[a-zA-Z_][a-zA-Z0-9_.-]{0,31}"
_OWNER: Final = rf"({_USER}|[0-9]{{1,9}})(:({_USER}|[0-9]{{1,9}}))?"


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string"} | schema)


Text = Annotated[str, BeforeValidator(_text)]
Word = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Line = Annotated[str, BeforeValidator(_line)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
Integer = Annotated[int, BeforeValidator(_integer)]
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(_integer)]
Count = Annotated[int, Field(ge=1), BeforeValidator(_integer)]
Size = Annotated[
    int,
    BeforeValidator(_size),
    PlainSerializer(format_size, return_type=str),
    _schema(pattern=r"^[0-9]+(\.[0-9]+)? ?([KkMmGgTt][Ii]?[Bb]?|[Bb])$", examples=["512MiB", "10GiB"]),
]
Slug = Annotated[
    str,
    _pattern(_LABEL % 61, "a playground's name", "at most 63 small letters, digits and hyphens, like a host name"),
    _schema(pattern=f"^{_LABEL % 61}$"),
]
HostName = Annotated[
    str,
    _pattern(_LABEL % 30, "a host name", "at most 32 small letters, digits and hyphens, with no hyphen at an end"),
    _schema(pattern=f"^{_LABEL % 30}$"),
]
TaskName = Annotated[
    str,
    _pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", "a task's name", "at most 64 letters, digits, `_`, `.` and `-`"),
    _schema(pattern="^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$"),
]
UserName = Annotated[
    str,
    _pattern(_USER, "a user name", "at most 32 letters, digits, `_`, `.` and `-`, beginning with a letter"),
    _schema(pattern=f"^{_USER}$"),
]
Owner = Annotated[
    str,
    _pattern(_OWNER, "an owner", "`user`, `user:group` or `UID[:GID]`"),
    _schema(type=["string", "integer"], pattern=f"^{_OWNER}$"),
]
KernelVersion = Annotated[
    str,
    _pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "a kernel", "a version like `6.1`, or `host`"),
    _schema(type=["string", "number"], pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", examples=["6.1", "6.12", "host"]),
]
TabId = Annotated[
    str,
    _pattern(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}", "a tab's id", "at most 80 letters, digits, `_`, `.` and `-`"),
    _schema(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"),
]
SnapshotId = Annotated[
    str,
    _pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", "the id of a snapshot", "it is written by `labyard playground save`"),
    _schema(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"),
]
Subnet = Annotated[str, BeforeValidator(_subnet), _schema(examples=["172.16.0.0/24"])]
Address = Annotated[str, BeforeValidator(_address), _schema(format="ipv4")]
InterfaceAddress = Annotated[str, BeforeValidator(_interface_address), _schema(examples=["10.0.1.10", "10.0.1.10/24"])]
Source = Annotated[str, BeforeValidator(_source), _schema(examples=["debian-12", "oci://ghcr.io/user/image:tag"])]
Mode = Annotated[str, BeforeValidator(_mode), _schema(type=["string", "integer"], pattern="^0?[0-7]{3,4}$")]
FilePath = Annotated[str, BeforeValidator(_file_path), _schema(pattern="^/")]
Mount = Annotated[str, BeforeValidator(_mount), _schema(pattern="^/")]
Url = Annotated[str, BeforeValidator(_url), _schema(pattern="^https?://")]
Moment = Annotated[datetime, BeforeValidator(_moment), _schema(examples=["2026-11-26", "2026-11-26T12:00:00"])]
Host = Annotated[str, _pattern(r"[A-Za-z0-9.:_-]{1,253}", "a host", "a name or an address"), _schema()]
RegistryAuth = Annotated[
    str,
    _pattern(r"[^:\s]{1,64}:[!-~]{1,128}", "an account", "write it as `user:password`"),
    _schema(pattern="^[^:]+:.+$"),
]


class Backend(StrEnum):
    FIRECRACKER = "firecracker"
    CLOUD_HYPERVISOR = "cloud-hypervisor"


class Access(StrEnum):
    PRIVATE = "private"
    PUBLIC = "public"


class Pane(StrEnum):
    LEFT = "left"
    RIGHT = "right"


class ForwardKind(StrEnum):
    LOCAL = "local"
    REMOTE = "remote"


class Need(StrEnum):
    INTERNET = "internet"
