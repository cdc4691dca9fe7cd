"""Recipes: images that are built here, from Debian's packages with mmdebstrap.

A recipe is a folder: `recipe.yaml`, a script that finishes the tree, and files that are copied into it. Recipes build
on each other with `extends`. They are the operator's own and run as root: never take one from somebody else unread.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from labyard.images.commands import run
from labyard.images.debian import PrivateApt, box_sources, proxy_options, public_sources, sources_text
from labyard.images.problems import SourceError

NAME = r"[a-z0-9][a-z0-9.-]{0,62}"
_UNPACK = "unpack"
_BUILDER = "1"  # grows when the same recipe gives another tree
_PACKAGE = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+:-]*$")]


class RecipeFile(BaseModel):
    """`recipe.yaml` as written. `setup` and `files` are names in the recipe's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    extends: str | None = Field(default=None, pattern=f"^{NAME}$")
    suite: str = Field(default="bookworm", pattern=r"^[a-z]+$")
    variant: str = Field(default="minbase", pattern=r"^(minbase|apt|unpack)$")
    packages: tuple[_PACKAGE, ...] = ()
    setup: str | None = Field(default=None, pattern=r"^[\w.-]+$")
    files: str | None = Field(default=None, pattern=r"^[\w.-]+$")


class Step(BaseModel):
    """One recipe of the chain: its folder and what it adds."""

    model_config = ConfigDict(frozen=True)

    folder: Path
    setup: str | None
    files: str | None


class Recipe(BaseModel):
    """A recipe with everything it extends. `digest` names all that goes in from our side."""

    model_config = ConfigDict(frozen=True)

    name: str
    suite: str
    variant: str
    packages: tuple[str, ...]
    steps: tuple[Step, ...]
    digest: str


def recipe_names(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*/recipe.yaml"))


def load_recipe(folder: Path, name: str) -> Recipe:
    """Read recipe `name` and what it extends. SourceError when it does not exist, is wrong, or extends itself."""
    chain: list[tuple[Path, RecipeFile]] = []
    seen: set[str] = set()
    wanted: str | None = name
    while wanted is not None:
        if wanted in seen:
            raise SourceError(f"the recipe {name} extends itself")
        seen.add(wanted)
        chain.insert(0, (folder / wanted, _read(folder / wanted)))
        wanted = chain[0][1].extends
    steps = tuple(Step(folder=place, setup=file.setup, files=file.files) for place, file in chain)
    packages = tuple(dict.fromkeys(package for _, file in chain for package in file.packages))
    first = chain[0][1]
    return Recipe(
        name=name,
        suite=first.suite,
        variant=first.variant,
        packages=packages,
        steps=steps,
        digest=_digest([place for place, _ in chain]),
    )


def _read(place: Path) -> RecipeFile:
    try:
        return RecipeFile.model_validate(yaml.safe_load((place / "recipe.yaml").read_text(encoding="utf-8")) or {})
    except FileNotFoundError as error:
        raise SourceError(f"there is no recipe {place.name}") from error
    except (yaml.YAMLError, ValidationError) as error:
        raise SourceError(f"the recipe {place.name} cannot be read: {error}") from error


def _digest(places: list[Path]) -> str:
    sum_ = hashlib.sha256(_BUILDER.encode())
    for place in places:
        for path in sorted(place.rglob("*")):
            if path.is_file():
                mode = "x" if os.access(path, os.X_OK) else "-"
                sum_.update(f"\0{place.name}/{path.relative_to(place)}\0{mode}\0".encode() + path.read_bytes())
    return sum_.hexdigest()


async def build_tree(recipe: Recipe, tree: Path, work: Path, on_step: Callable[[str], None]) -> str:
    """Build the recipe's tree at `tree`; a digest of what it was made of, package versions included.

    `on_step` hears in a few words what is being done.
    """
    await (_unpack(recipe, tree, work, on_step) if recipe.variant == _UNPACK else _bootstrap(recipe, tree, on_step))
    return hashlib.sha256(f"{recipe.digest}\n{_installed(tree)}".encode()).hexdigest()


async def _bootstrap(recipe: Recipe, tree: Path, on_step: Callable[[str], None]) -> None:
    """mmdebstrap in mount and process namespaces of its own: nothing stays mounted or running when it is cut."""

    def hear(line: str) -> None:
        if line.startswith("I: ") and "hook" not in line:
            on_step(line.removeprefix("I: ").rstrip("."))

    excluded = (f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale", "info"))
    await run(
        [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
            *("mmdebstrap", "--mode=root", f"--variant={recipe.variant}", "--format=directory"),
            *excluded,
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
            "--dpkgopt=force-unsafe-io",
            *(f"--aptopt={line}" for line in await proxy_options()),
            f"--include={','.join(recipe.packages)}",
            *(f"--customize-hook={line}" for line in _hooks(recipe)),
            *(recipe.suite, tree, "-"),
        ],
        what=f"building {recipe.name}",
        input_text=sources_text(await box_sources(recipe.suite)),
        on_line=hear,
    )


async def _unpack(recipe: Recipe, tree: Path, work: Path, on_step: Callable[[str], None]) -> None:
    """Packages as they come, without apt, dpkg or what they depend on."""
    apt = PrivateApt(work / "apt")
    await apt.update(recipe.suite)
    tree.mkdir(mode=0o755)
    for package in recipe.packages:
        on_step(f"fetching {package}")
        archive = await apt.download(package)
        await run(["dpkg-deb", "-x", archive, tree], what=f"unpacking {package}")
    for line in _hooks(recipe):
        await run(["sh", "-euc", line, "sh", tree], what=f"building {recipe.name}")


def _hooks(recipe: Recipe) -> Iterator[str]:
    """Shell lines that finish the tree, which is their `$1`."""
    for step in recipe.steps:
        if step.files:
            yield f'cp -rT --preserve=mode {shlex.quote(os.fspath(step.folder / step.files))} "$1"'
        if step.setup:
            yield f'{shlex.quote(os.fspath(step.folder / step.setup))} "$1"'
    if recipe.variant != _UNPACK:
        sources = "".join(source.line() for source in public_sources(recipe.suite))
        yield f'printf %s {shlex.quote(sources)} >"$1/etc/apt/sources.list"'
        yield 'rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap'


def _installed(tree: Path) -> str:
    """What tells two builds of one recipe apart: the packages' versions, or where there are none the files."""
    status = tree / "var/lib/dpkg/status"
    if not status.exists():
        files = (path for path in sorted(tree.rglob("*")) if path.is_file() and not path.is_symlink())
        return "\n".join(f"{path.relative_to(tree)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)
    wanted = ("Package: ", "Version: ", "Status: ")
    return "\n".join(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith(wanted))
