"""What an author begins with is right as it is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from labyard.content.folder import Folder
from labyard.content.library import PLURALS, Library
from labyard.content.lint import lint
from labyard.content.paths import why_no_path
from labyard.content.starter import starter
from labyard.control.catalog import Catalog
from labyard.control.manifests import Manifests
from labyard.resources import resource

TODAY = date(2026, 11, 26)


def catalog() -> Catalog:
    return Catalog([resource("catalog") / "playgrounds"], Manifests())


def write(folder: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


@pytest.mark.parametrize("name", ["x", "1234567890", "on", "my-first-piece", "a" * 63])
@pytest.mark.parametrize("plural", PLURALS)
def test_every_kind_begins_without_a_problem(tmp_path: Path, plural: str, name: str) -> None:
    files = starter(PLURALS[plural], name, TODAY)
    assert not [path for path in files if why_no_path(path)]
    assert b"{{" not in b"".join(files.values())
    write(tmp_path / plural / name, files)
    grounds = catalog().grounds()
    assert lint(Folder(tmp_path / plural / name), grounds=grounds) == ()
    entry = Library([tmp_path], lambda: grounds).entry(plural, name)
    assert entry.problems == () and entry.content is not None and entry.content.kind == PLURALS[plural]


def test_what_is_played_has_a_solution_for_bots(tmp_path: Path) -> None:
    for plural, place in (("challenges", ""), ("tutorials", ""), ("courses", "010.first-module/010.first-lesson")):
        write(tmp_path / plural / "one", starter(PLURALS[plural], "one", TODAY))
        books = Library([tmp_path], catalog().grounds)
        (solution, *_) = books.solutions(books.entry(plural, "one"), place)
        assert solution.script is not None and "examinerctl task wait" in solution.script


def test_their_cards_lead_to_what_ships(tmp_path: Path) -> None:
    shipped = Library([resource("catalog")], catalog().grounds)
    names = {plural: {entry.name for entry in shipped.entries(plural)} for plural in PLURALS}
    for plural in ("skill-paths", "roadmaps", "trainings"):
        write(tmp_path / plural / "one", starter(PLURALS[plural], "one", TODAY))
        books = Library([tmp_path], catalog().grounds)
        for page in books.tree(books.entry(plural, "one")).pages():
            content = page.document.content
            assert content is not None
            assert set(content.challenges) <= names["challenges"] and set(content.tutorials) <= names["tutorials"]
            assert set(content.playgrounds) <= set(catalog().grounds())
