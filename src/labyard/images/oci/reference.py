"""`oci://host/repository:tag@digest`, read strictly.

Grammar: the distribution specification and distribution/reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from labyard.images.problems import SourceError

SCHEME = "oci://"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_HOST = re.compile(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")
_DOCKER = "docker.io"
_MAX = 1024


@dataclass(frozen=True, slots=True)
class Reference:
    """An image in a registry. `tag` is `latest` when neither tag nor digest was written."""

    host: str
    repository: str
    tag: str | None
    digest: str | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """SourceError for anything that is not a full reference."""
        if not text.startswith(SCHEME) or len(text) > _MAX:
            raise SourceError(f"not a reference to an image: {text[:80]!r}", hint="write oci://host/repository:tag")
        host, _, rest = text.removeprefix(SCHEME).partition("/")
        name, at, digest = rest.partition("@")
        repository, colon, tag = name.partition(":")
        if host in ("index.docker.io", "registry-1.docker.io"):
            host = _DOCKER
        if host == _DOCKER and "/" not in repository:
            repository = f"library/{repository}"
        wrong = (
            (not _HOST.fullmatch(host), "host"),
            (not _REPOSITORY.fullmatch(repository), "repository"),
            (bool(colon) and not _TAG.fullmatch(tag), "tag"),
            (bool(at) and not DIGEST.fullmatch(digest), "digest"),
        )
        for is_wrong, part in wrong:
            if is_wrong:
                raise SourceError(f"{text!r} has no valid {part}", hint="write oci://host/repository:tag")
        return cls(host, repository, tag or (None if digest else "latest"), digest or None)

    @property
    def wanted(self) -> str:
        """What to ask the registry for: the digest goes before the tag."""
        return self.digest or self.tag or "latest"

    @property
    def endpoint(self) -> str:
        """The host that answers: Docker Hub's is not the one in its names."""
        return "registry-1.docker.io" if self.host == _DOCKER else self.host

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{SCHEME}{self.host}/{self.repository}{tag}{digest}"
