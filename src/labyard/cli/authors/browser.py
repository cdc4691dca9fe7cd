"""Opening a page, where there is a browser to open it in."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Mapping


def can_open(environment: Mapping[str, str]) -> bool:
    """Whether somebody sits at this box's screen. Root's browser would be nobody's: its owner is not signed in there."""
    if sys.platform == "darwin":
        return True
    return os.geteuid() != 0 and bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def open_page(address: str) -> bool:
    """Whether a browser took it. Blocking."""
    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False
