"""What people of which role may do. Pure. What is somebody's own (plays, progress) is theirs whatever their role."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    LEARNER = "learner"
    AUTHOR = "author"
    INSTRUCTOR = "instructor"
    ADMIN = "admin"


class Right(StrEnum):
    """PLAY: start what is in the catalog, and look at it. WRITE: change what is in it, and play what is not.

    OPERATE: whatever concerns the box, and everybody on it.
    """

    PLAY = "play"
    WRITE = "write"
    OPERATE = "operate"


_RIGHTS = {
    Role.LEARNER: frozenset({Right.PLAY}),
    Role.AUTHOR: frozenset({Right.PLAY, Right.WRITE}),
    Role.INSTRUCTOR: frozenset({Right.PLAY, Right.WRITE}),
    Role.ADMIN: frozenset(Right),
}


def may(role: Role, right: Right) -> bool:
    return right in _RIGHTS[role]
