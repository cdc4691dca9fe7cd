"""Where the data lies that ships with Labyard, in an installed package as in a source tree."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Shipped data: `catalog`, `images`, `web/src/styles`, or a part of them. FileNotFoundError when this package lacks it."""
    for root in (_PACKAGE / "_data", _PACKAGE.parent.parent):
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f"this installation of Labyard lacks its data {name!r}")


def built(name: str) -> Path:
    """What the build hook made: `examiner-amd64`, `web`. FileNotFoundError when it was not built."""
    path = _PACKAGE / "_built" / name
    if not path.exists():
        raise FileNotFoundError(f"this installation of Labyard lacks its built part {name!r}")
    return path
