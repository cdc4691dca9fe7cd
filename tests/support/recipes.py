"""Images for tests alone: recipes of ours, and those of `tests/recipes` that extend them."""

from __future__ import annotations

from pathlib import Path

from labyard.assembly.settings import make_parts, read_settings
from labyard.engine.parts import Parts
from labyard.images.aliases import Aliases
from labyard.images.store import ImageStore
from labyard.resources import resource

OWN = Path(__file__).resolve().parents[1] / "recipes"


def parts_with_recipes(data: Path, mark: str, recipes: Path) -> Parts:
    """What an engine over `data` is made with. `recipes`: a folder in which all of them are put together."""
    recipes.mkdir(exist_ok=True)
    for folder in (*resource("images").glob("*/"), *OWN.glob("*/")):
        link = recipes / folder.name
        if not link.exists():
            link.symlink_to(folder)
    parts = make_parts(read_settings(data), mark)
    images = ImageStore(data / "images", recipes=recipes, aliases=Aliases.read(resource("images") / "aliases.yaml"))
    return Parts(settings=parts.settings, images=images, kernels=parts.kernels, resolvers=parts.resolvers)
