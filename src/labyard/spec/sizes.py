"""Sizes as people write them: `10GIB`, `1Gi`, `4G`, `512MiB`, `1.5 g`.

K, M, G and T always mean powers of 1024, whatever follows them (`4G`, `4GB` and `4GiB` are the same): manifests found
in the wild mix the spellings and always mean the binary ones. Bytes need their unit too (`1048576B`), since a bare
number is far more often a forgotten unit than a count of bytes.
"""

from __future__ import annotations

import re
from typing import Final

KIB: Final = 1024
MIB: Final = 1024**2
GIB: Final = 1024**3
TIB: Final = 1024**4

_UNITS: Final = {"": 1, "k": KIB, "m": MIB, "g": GIB, "t": TIB}
_NAMES: Final = (("TiB", TIB), ("GiB", GIB), ("MiB", MIB), ("KiB", KIB))
_SIZE: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?\s?(?:([kmgt])i?b?|b)", re.IGNORECASE | re.ASCII)
_LONGEST: Final = 32


def parse_size(text: str) -> int:
    """Bytes meant by `text`, at least 1. Raises ValueError with a sentence for the author."""
    found = _SIZE.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        raise ValueError(f"`{text[:_LONGEST]}` is not a size")
    whole, fraction, letter = found.groups()
    unit = _UNITS[(letter or "").lower()]
    size: int = int(whole) * unit + int(fraction or 0) * unit // 10 ** len(fraction or "")
    if size < 1:
        raise ValueError(f"`{text}` is no size at all")
    return size


def format_size(size: int) -> str:
    """The shortest exact spelling: `parse_size(format_size(n)) == n`."""
    for name, unit in _NAMES:
        if size >= unit and size % unit == 0:
            return f"{size // unit}{name}"
    return f"{size}B"


def show_size(size: int) -> str:
    """For people: at most one decimal, not exact."""
    for name, unit in _NAMES:
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size} B"
