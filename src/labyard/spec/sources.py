"""Where a drive's files come from: a name or an OCI reference. Syntax alone: the image store knows what can be had."""

from __future__ import annotations

import re
from typing import Final

SCHEME: Final = "oci://"
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?(:[A-Za-z0-9._-]{1,128})?", re.ASCII)
_HOST: Final = re.compile(r"(localhost|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:[0-9]{1,5})?", re.ASCII)
_PART: Final = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*", re.ASCII)
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_LONGEST: Final = 512


def parse_source(text: str) -> str:
    """The canonical form of a source; two spellings of one image become the same text.

    A name stays as it is. `oci://host/repository[:tag][@sha256:...]` gets its tag (`latest`), and Docker Hub's short
    forms (`oci://busybox`, `oci://docker.io/busybox`) become `oci://docker.io/library/busybox:latest`, as container
    tools read them (distribution/reference, "familiar names"). Raises ValueError with a sentence for the author.
    """
    if len(text) > _LONGEST:
        raise ValueError("this source is too long")
    if text.lower().startswith(SCHEME):
        return SCHEME + _reference(text, text[len(SCHEME) :])
    if "://" in text:
        raise ValueError(f"`{text}` has an unknown scheme")
    if _NAME.fullmatch(text):
        return text
    if "/" in text and not text.startswith("/"):
        raise ValueError(f"`{text}` lacks its scheme: `oci://{text}`")
    raise ValueError(f"`{text}` is not a source")


def _reference(text: str, rest: str) -> str:
    rest, at, digest = rest.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise ValueError(f"`{text}` has a digest that is not `sha256:` and 64 hexadecimal digits")
    host, repository = _split_host(rest)
    path, colon, tag = repository.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise ValueError(f"`{text}` has an impossible tag")
    if not _HOST.fullmatch(host) or not all(map(_PART.fullmatch, path.split("/"))):
        raise ValueError(f"`{text}` is not an image reference")
    if host == "docker.io" and "/" not in path:
        path = f"library/{path}"
    if digest and not tag:
        return f"{host}/{path}@{digest}"
    return f"{host}/{path}:{tag or 'latest'}" + (f"@{digest}" if digest else "")


def _split_host(rest: str) -> tuple[str, str]:
    first, slash, remainder = rest.partition("/")
    looks_like_host = "." in first or ":" in first or first == "localhost"
    if not slash or not looks_like_host:
        return "docker.io", rest
    host = first.lower()
    return ("docker.io" if host in ("index.docker.io", "registry-1.docker.io") else host), remainder
