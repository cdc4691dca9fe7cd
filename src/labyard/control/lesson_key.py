"""The name of what is read beside a play: `challenge/NAME`, `tutorial/NAME`, `course/NAME/[MODULE/]LESSON`."""

from __future__ import annotations

from dataclasses import dataclass

from labyard.content.library import PLURALS
from labyard.control.refusals import BadRequestError

CHALLENGE, TUTORIAL, COURSE = "challenge", "tutorial", "course"
_PLAYED = (CHALLENGE, TUTORIAL, COURSE)
_LONGEST = 400
_PLURAL = {kind: plural for plural, kind in PLURALS.items()}


@dataclass(frozen=True, slots=True)
class LessonKey:
    """`path`: of a lesson in its course; empty for what is one by itself."""

    kind: str
    name: str
    path: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.name, self.path) if part)

    @property
    def plural(self) -> str:
        """The word in addresses."""
        return _PLURAL[self.kind]

    @classmethod
    def parse(cls, text: str) -> LessonKey:
        """Raises BadRequestError."""
        kind, _, rest = text.partition("/")
        name, _, path = rest.partition("/")
        parts = path.split("/") if path else []
        right = kind in _PLAYED and name and all(parts) and len(parts) <= 2 and bool(parts) is (kind == COURSE)
        if not right or len(text) > _LONGEST:
            raise BadRequestError(
                f"{text[:100]!r} is no lesson",
                hint="`challenge/NAME`, `tutorial/NAME` or `course/NAME/[MODULE/]LESSON`",
            )
        return cls(kind, name, path)
