"""What control itself says no to."""

from __future__ import annotations

from labyard.errors import CapacityError, LabyardError


class TooManyError(CapacityError):
    """A limit of the owner's is reached, not the box's."""

    code = "too-many"


class BadRequestError(LabyardError):
    """An argument makes no sense, whatever the state."""

    code = "bad-request"


class TooLargeError(LabyardError):
    """Larger than such a thing may be here."""

    code = "too-large"
