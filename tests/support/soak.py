"""How long the tests of random moments run: briefly in `make test`, for long in `make soak`."""

from __future__ import annotations

import os

SOAK = int(os.environ.get("LABYARD_SOAK", "0"))
"""Random operations in the long form; 0: the short form."""
