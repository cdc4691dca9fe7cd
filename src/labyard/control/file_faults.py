"""Why a machine did not do with a file what it was asked: its own words, under codes that can be searched for."""

from __future__ import annotations

from typing import Any

from labyard.control.refusals import BadRequestError
from labyard.errors import ConflictError, ForbiddenError, GuestError, LabyardError, NotFoundError

_LONGEST = 500  # characters of a guest's words


class NoFileError(NotFoundError):
    code = "no-file"


class DeniedError(ForbiddenError):
    """The user it was asked as may not, in that machine."""

    code = "denied"


class ChangedError(ConflictError):
    """It is not what whoever writes has seen: somebody else changed it since."""

    code = "changed"


class ExistsError(ConflictError):
    code = "exists"


class NotEmptyError(ConflictError):
    code = "not-empty"


class NotAFileError(ConflictError):
    code = "not-a-file"


class NotAFolderError(ConflictError):
    code = "not-a-folder"


class NoSpaceError(ConflictError):
    """In the machine."""

    code = "no-space"


class InUseError(ConflictError):
    code = "in-use"


class OtherDriveError(ConflictError):
    code = "other-drive"


_KINDS: dict[str, type[LabyardError]] = {
    kind.code: kind
    for kind in (
        NoFileError,
        DeniedError,
        ChangedError,
        ExistsError,
        NotEmptyError,
        NotAFileError,
        NotAFolderError,
        NoSpaceError,
        InUseError,
        OtherDriveError,
        BadRequestError,
    )
}


def fault(answer: dict[str, Any]) -> LabyardError:
    """The error that a machine's answer tells of; whatever it makes up is a GuestError."""
    words = "".join(letter for letter in str(answer.get("error", ""))[:_LONGEST] if letter.isprintable())
    kind = _KINDS.get(str(answer.get("code", "")), GuestError)
    return kind(words or "the machine gives no reason")
