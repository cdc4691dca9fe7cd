"""Every error Labyard raises on purpose.

    LabyardError
    ├── SpecError        what an author wrote is wrong: all problems at once, each with its place
    ├── NotFoundError    no such play, machine, image, kernel, playground
    ├── ConflictError    it exists, but not in a state in which this can be done
    ├── ForbiddenError   who asks may not
    ├── AwayError        what keeps our data does not answer now; asked again later, it will
    ├── CapacityError    this box has no room for it: memory, disk, addresses
    ├── NotBuiltError    a promised route or feature that is not built yet
    ├── ImageError       an image or kernel cannot be had, or is not what its digest says
    ├── RepositoryError  a Git repository cannot be had, or may not be
    ├── NetworkError     a play's world cannot be made
    ├── MachineError     a machine does not start, or its process is gone
    └── GuestError       the examiner in a machine says no, or does not answer
        └── BusyError    the machine has as many of them open as it may

Raised, never exiting. Only the CLI turns one into an exit status and only the server into a response.
`message` says what happened and why, `hint` what to do about it, `code` is stable and can be searched for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class LabyardError(Exception):
    """The root: `message` (what and why), `hint` (what to do), `code` (stable, kebab-case)."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong in what an author wrote. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    message: str
    hint: str | None = None
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {kind}{self.message}{hint}"


class SpecError(LabyardError):
    """What an author wrote cannot be used; carries every problem found, in the order of the file."""

    code = "spec-invalid"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class NotFoundError(LabyardError):
    code = "not-found"


class ConflictError(LabyardError):
    code = "conflict"


class ForbiddenError(LabyardError):
    code = "forbidden"


class AwayError(LabyardError):
    code = "database-away"


class CapacityError(LabyardError):
    code = "capacity"


class NotBuiltError(LabyardError):
    code = "not-built"


class ImageError(LabyardError):
    code = "image"


class RepositoryError(LabyardError):
    code = "repository"


class NetworkError(LabyardError):
    code = "network"


class MachineError(LabyardError):
    code = "machine"


class GuestError(LabyardError):
    code = "guest"


class BusyError(GuestError):
    code = "too-many"
