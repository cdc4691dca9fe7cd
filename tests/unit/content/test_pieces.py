"""Pieces on disk: what is kept is whole, what is cut leaves nothing, and no link leads anybody out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.content.cut_pieces import NEW, OLD, VERBS

from labyard.content.pieces import INCOMING, Pieces, files_of
from labyard.errors import ConflictError, NotFoundError

SCRIPT = Path(__file__).with_name("cut_pieces.py")


def put(pieces: Pieces, path: str, data: bytes, name: str = "one") -> None:
    file = pieces.receive()
    try:
        file.write(data)
        file.finish()
        pieces.keep(file, "challenges", name, path)
    finally:
        file.close()


@pytest.fixture
def pieces(tmp_path: Path) -> Pieces:
    made = Pieces(tmp_path / "content")
    made.create("challenges", "one", {"index.md": OLD})
    put(made, "a/b/index.md", OLD)
    return made


def content(pieces: Pieces) -> dict[str, bytes]:
    """Every file below the root, also what is on its way."""
    files = (path for path in pieces.root.rglob("*") if path.is_file())
    return {path.relative_to(pieces.root).as_posix(): path.read_bytes() for path in files}


def test_what_is_put_is_there(pieces: Pieces) -> None:
    put(pieces, "index.md", NEW)
    assert [(file.path, file.size) for file in pieces.files("challenges", "one")] == [
        ("a/b/index.md", 4),
        ("index.md", len(NEW)),
    ]
    before = pieces.files("challenges", "one")[1].stamp
    put(pieces, "index.md", NEW)
    assert pieces.files("challenges", "one")[1].stamp != before
    pieces.delete("challenges", "one", "a/b/index.md")
    assert content(pieces) == {"challenges/one/index.md": NEW}
    assert [path.name for path in pieces.folder("challenges", "one").iterdir()] == ["index.md"], "no empty folders stay"
    pieces.remove("challenges", "one")
    assert content(pieces) == {} and not pieces.has("challenges", "one")


def test_what_is_left_on_the_way_is_gone(pieces: Pieces) -> None:
    before = content(pieces)
    file = pieces.receive()
    file.write(b"half")
    file.close()
    assert content(pieces) == before


def test_what_is_not_there(pieces: Pieces) -> None:
    for act in (
        lambda: pieces.files("challenges", "two"),
        lambda: pieces.remove("challenges", "two"),
        lambda: pieces.delete("challenges", "one", "none.md"),
        lambda: pieces.delete("challenges", "one", "none/none.md"),
        lambda: put(pieces, "index.md", NEW, "two"),
        lambda: pieces.age("tutorials", "one"),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert not pieces.has("challenges", "two") and pieces.names("tutorials") == []
    with pytest.raises(ConflictError):
        pieces.create("challenges", "one", {})


def test_a_file_is_no_folder_and_a_folder_no_file(pieces: Pieces) -> None:
    before = content(pieces)
    for path in ("index.md/x", "a", "a/b"):
        with pytest.raises(ConflictError):
            put(pieces, path, NEW)
    with pytest.raises(ConflictError):
        pieces.delete("challenges", "one", "a/b")
    assert content(pieces) == before


LINKED: dict[str, Callable[[Pieces, Path], object]] = {
    "a folder": lambda pieces, _: put(pieces, "out/new.md", NEW),
    "a folder deeper": lambda pieces, _: put(pieces, "out/deep/new.md", NEW),
    "the piece": lambda pieces, _: put(pieces, "new.md", NEW, "linked"),
    "to remove the piece": lambda pieces, _: pieces.remove("challenges", "linked"),
    "to list the piece": lambda pieces, _: pieces.files("challenges", "linked"),
    "to delete": lambda pieces, _: pieces.delete("challenges", "one", "out/secret.md"),
    "to touch": lambda pieces, _: pieces.touch("challenges", "linked"),
    "the kind": lambda pieces, _: pieces.create("tutorials", "new", {"index.md": NEW}),
}


@pytest.mark.parametrize("act", LINKED.values(), ids=LINKED)
def test_no_link_is_followed(pieces: Pieces, tmp_path: Path, act: Callable[[Pieces, Path], object]) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_bytes(OLD)
    (pieces.folder("challenges", "one") / "out").symlink_to(outside)
    pieces.folder("challenges", "linked").symlink_to(outside)
    (pieces.root / "tutorials").symlink_to(outside)
    with pytest.raises(ConflictError, match="link"):
        act(pieces, outside)
    assert [path.name for path in outside.iterdir()] == ["secret.md"] and (outside / "secret.md").read_bytes() == OLD
    assert pieces.names("challenges") == ["one"]


def test_a_link_in_place_of_a_file_is_replaced_not_followed(pieces: Pieces, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_bytes(OLD)
    place = pieces.folder("challenges", "one") / "link.md"
    place.symlink_to(outside)
    assert "link.md" not in [file.path for file in files_of(place.parent)]
    put(pieces, "link.md", NEW)
    assert not place.is_symlink() and place.read_bytes() == NEW and outside.read_bytes() == OLD


def test_only_what_may_be_pushed_is_listed(pieces: Pieces) -> None:
    folder = pieces.folder("challenges", "one")
    for name in (".git/config", "x.md~", "__static__/bad.md", ".labctlignore", "__static__/good.png", ".solution.sh"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(OLD)
    listed = [file.path for file in pieces.files("challenges", "one")]
    assert listed == [".solution.sh", "__static__/good.png", "a/b/index.md", "index.md"]


BEFORE = {"challenges/one/index.md": OLD, "challenges/one/a/b/index.md": OLD}
AFTER = {
    "keep": {**BEFORE, "challenges/one/a/b/index.md": NEW},
    "create": {**BEFORE, "challenges/two/index.md": NEW, "challenges/two/a/b.md": NEW},
    "delete": {"challenges/one/index.md": OLD},
    "remove": {},
}


def steps_of(folder: Path, verb: str) -> list[str]:
    """Has it cut after every step, a root for each in `folder`; what it does when it is not."""
    done = subprocess.run([sys.executable, SCRIPT, folder, verb], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("verb", VERBS)
def test_cut_after_every_step_it_is_as_before_or_as_after(tmp_path: Path, verb: str) -> None:
    steps = steps_of(tmp_path, verb)
    roots = sorted(tmp_path.iterdir())
    assert len(roots) == len(steps) + 1 > 4
    done = []
    for root in roots:
        pieces = Pieces(root)
        in_place = {path: data for path, data in content(pieces).items() if not path.startswith(INCOMING)}
        assert in_place in (BEFORE, AFTER[verb]), root
        pieces.clear()
        assert content(pieces) == in_place and not list((root / INCOMING).glob("*"))
        done.append(in_place == AFTER[verb])
    assert done[-1] and done[0] is (verb == "delete") and done == sorted(done), "once done it stays done"


def test_a_file_is_on_disk_before_it_has_its_name_and_its_folder_after(tmp_path: Path) -> None:
    steps = steps_of(tmp_path / "keep", "keep")
    renamed, written = steps.index("rename"), len(steps) - 1 - steps[::-1].index("write")
    assert "fsync" in steps[written:renamed] and "fsync" in steps[renamed:]
    created = steps_of(tmp_path / "create", "create")
    renamed = created.index("rename")
    assert created[:renamed].count("fsync") >= 4 and "fsync" in created[renamed:], "two files, two folders; their kind"
