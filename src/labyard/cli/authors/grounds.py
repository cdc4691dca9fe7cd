"""The playgrounds that lessons in a folder may be played in."""

from __future__ import annotations

import os
from pathlib import Path

from labyard.cli.listen import data_folder
from labyard.content.ground import Grounds
from labyard.control.catalog import Catalog
from labyard.control.manifests import Manifests
from labyard.resources import resource

_ABOVE = 3  # folders: of `challenges/NAME/index.md` the one that holds `challenges` and `playgrounds`


def grounds_of(path: Path) -> Grounds:
    """Those beside and above, those of this box, and those that ship."""
    top = path.resolve()
    near = [place / "playgrounds" for place in (top, *top.parents[:_ABOVE])]
    places = (*near, data_folder(None) / "playgrounds", resource("catalog") / "playgrounds")
    return Catalog([place for place in places if os.access(place, os.R_OK | os.X_OK)], Manifests()).grounds()
