"""What `pip install labyard` puts on a box, as a tar archive: our package and all that it needs, at `/opt/labyard`."""

from __future__ import annotations

import io
import tarfile
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

import labyard

PLACE = "opt/labyard"


def archive() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", compresslevel=6) as tar:
        package = Path(labyard.__file__).parent
        tar.add(package, f"{PLACE}/labyard", filter=_without_leftovers)
        data = Path(labyard.__file__).parents[2]
        for folder in ("catalog", "images", "web/src/styles"):  # as the wheel has them
            tar.add(data / folder, f"{PLACE}/labyard/_data/{folder}")
        for name, file in sorted(_files()):
            tar.add(file, f"{PLACE}/{name}")
    return made.getvalue()


def _without_leftovers(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in entry.name or entry.name.endswith("examiner-arm64") else entry


def _files() -> Iterator[tuple[str, Path]]:
    for each in needed():
        for file in each.files or ():
            place = Path(str(each.locate_file(file)))
            if not file.is_absolute() and ".." not in file.parts and file.suffix != ".pyc" and place.is_file():
                yield str(file), place


def needed() -> list[Distribution]:
    """All that Labyard needs to run, and what those need."""
    found: dict[str, Distribution] = {}
    project = tomllib.loads((Path(labyard.__file__).parents[2] / "pyproject.toml").read_text())["project"]
    todo = [Requirement(text) for text in project["dependencies"]]
    while todo:
        requirement = todo.pop()
        try:
            each = distribution(requirement.name)
        except PackageNotFoundError:
            continue  # an extra's, or another platform's
        for text in each.requires or ():
            inner = Requirement(text)
            extras = requirement.extras or {""}
            wanted = inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in extras)
            if wanted and inner.name.lower() not in found:
                todo.append(inner)
        found.setdefault(requirement.name.lower(), each)
    return list(found.values())
