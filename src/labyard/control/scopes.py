"""What a token is good for. Pure. Names as labctl has them: an area, and whether it may change anything there."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class Scope(StrEnum):
    """Who may write somewhere may also read there."""

    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"
    LEARNING_READ = "learning:read"
    LEARNING_WRITE = "learning:write"
    PLAYGROUND_READ = "playground:read"
    PLAYGROUND_WRITE = "playground:write"
    AUTHOR_READ = "author:read"
    AUTHOR_WRITE = "author:write"
    METRICS_READ = "metrics:read"


_LESSONS = ("challenges", "tutorials", "courses", "skill-paths", "roadmaps", "trainings")
_AREAS = {
    "account": ("auth", "tokens"),  # not what gives anybody more: new tokens, links, users
    "learning": ("progress", "search", *_LESSONS),
    "playground": ("plays", "playgrounds", "capacity", "git"),
    "author": ("author", "content", "access", "images", "kernels", "disk"),
    "metrics": ("host",),
}
_ALONE = {"content": Scope.LEARNING_READ, "metrics": Scope.METRICS_READ}
_WORDS = frozenset(Scope)
_AREA = {first: area for area, firsts in _AREAS.items() for first in firsts}
_SAFE = ("GET", "HEAD", "OPTIONS")
_WRITTEN = ("POST", "DELETE")


def needed(method: str, path: str) -> Scope | None:
    """What a request takes; None: no scope is enough. `method`: `WEBSOCKET` for one, which always changes something."""
    parts = path.strip("/").split("/")
    if parts[0] in _ALONE:
        return _ALONE[parts[0]]
    area = _AREA.get(parts[1]) if parts[0] == "api" and len(parts) > 1 else None
    if area is None:
        return None
    if parts[1] == "plays" and parts[3:4] == ["machines"] and parts[5:6] == ["files"]:
        return Scope.PLAYGROUND_WRITE  # what a terminal takes: who reads files of a machine is in it
    if parts[1] in _LESSONS and method in _WRITTEN:
        area = "author"  # a new lesson, or its end; learners change theirs with PATCH
    word = f"{area}:{'read' if method in _SAFE else 'write'}"
    return Scope(word) if word in _WORDS else None


def covers(scopes: Collection[Scope], method: str, path: str) -> bool:
    """Whether a token of these scopes is good for a request."""
    wanted = needed(method, path)
    return wanted is not None and (wanted in scopes or wanted.replace(":read", ":write") in scopes)
