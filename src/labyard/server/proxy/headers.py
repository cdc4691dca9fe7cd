"""Which headers go through to a port's program, and which come back. Pure.

Names are lower-case bytes, as ASGI and httpcore have them.
"""

from __future__ import annotations

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]
Given = Iterable[tuple[bytes, bytes]]

COOKIE = "labyard_port"
_OURS = ("labyard_", "__host-labyard_", "__secure-labyard_")
_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Of one connection alone (RFC 9110, 7.6.1)."""
_TOLD = frozenset((b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"))
_NEVER_BACK = frozenset(
    (
        b"clear-site-data",  # it would clear the whole site's cookies, ours with them
        b"alt-svc",
        b"strict-transport-security",
        b"public-key-pins",
    )
)


def to_program(given: Given, *, host: str, rewrite: str | None, client: str, secure: bool) -> Headers:
    """`host`: as the browser asked for it. `rewrite`: what the program is told instead."""
    given = list(given)
    dropped = _HOP | _named(given) | _TOLD | {b"host"}
    kept: Headers = [(b"host", (rewrite or host).encode("ascii"))]
    for name, value in given:
        if name == b"cookie":
            if cookies := _without_ours(value):
                kept.append((name, cookies))
        elif name not in dropped:
            kept.append((name, value))
    if any(name == b"transfer-encoding" for name, _ in given):
        kept.append((b"transfer-encoding", b"chunked"))
    proto = b"https" if secure else b"http"
    told = (b"x-forwarded-for", client.encode("ascii")), (b"x-forwarded-host", host.encode("ascii"))
    return [*kept, *told, (b"x-forwarded-proto", proto)]


def to_browser(given: Given) -> Headers:
    """Cookies stay with the port: none is set for the site around it, and none that is named like ours."""
    given = [(name.lower(), value) for name, value in given]
    dropped = _HOP | _named(given) | _NEVER_BACK
    kept: Headers = []
    for name, value in given:
        if name == b"set-cookie":
            if (cookie := _of_this_host(value)) is not None:
                kept.append((name, cookie))
        elif name not in dropped:
            kept.append((name, value))
    return kept


def cookies_named(header: str, name: str) -> list[str]:
    """All of that name: a page of another port may have set one for the whole site, beside ours."""
    parts = (part.strip().partition("=") for part in header.split(";"))
    return [value for each, equals, value in parts if equals and each == name]


def _named(given: Headers) -> frozenset[bytes]:
    """What `Connection` names is of this connection, too."""
    words = (value.lower().split(b",") for name, value in given if name.lower() == b"connection")
    return frozenset(word.strip() for each in words for word in each)


def _without_ours(value: bytes) -> bytes:
    return b"; ".join(part for each in value.split(b";") if (part := each.strip()) and not _is_ours(part))


def _of_this_host(value: bytes) -> bytes | None:
    first, *attributes = (part.strip() for part in value.split(b";"))
    if _is_ours(first):
        return None
    return b"; ".join((first, *(each for each in attributes if each.partition(b"=")[0].strip().lower() != b"domain")))


def _is_ours(cookie: bytes) -> bool:
    """A cookie without `=` has no name: browsers take it all for its value (RFC 6265bis), servers for its name."""
    return cookie.partition(b"=")[0].strip().lower().startswith(tuple(each.encode() for each in _OURS))
