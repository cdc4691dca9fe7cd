"""The ways in which an image cannot be had, each with a code of its own. All of them are ImageErrors."""

from __future__ import annotations

from labyard.errors import ImageError


class DiskFullError(ImageError):
    """The disk that holds the images has no room left; what was half-made is gone again."""

    code = "image-disk-full"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint or "free some space, for example with `labyard image gc`, and try again")


class SourceError(ImageError):
    """What was written as an image's source is not one."""

    code = "image-source"


class MissingImageError(ImageError):
    """The registry answers, but has no such image, or none for this kind of processor."""

    code = "image-missing"


class RegistryError(ImageError):
    """The registry cannot be reached, or does not speak as one."""

    code = "image-registry"


class RegistryAuthError(RegistryError):
    """The registry wants somebody else."""

    code = "image-unauthorized"


class DigestError(ImageError):
    """Bytes came that are not what their digest says."""

    code = "image-digest"


class HostileImageError(ImageError):
    """An image that is broken, larger than allowed, or tries to get out of its tree."""

    code = "image-hostile"


class KernelError(ImageError):
    """A kernel that does not exist, or cannot be had on this box."""

    code = "kernel"
