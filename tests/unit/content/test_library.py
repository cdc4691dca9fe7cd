"""Content in folders: found, ordered, read again when it changed, and never a crash."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.lessons import LESSON, MODULE, TWO_NODES, write_lessons
from tests.unit.server.conftest import DEMO

from labyard.content.ground import Grounds
from labyard.content.library import PLURALS, Library, Origin
from labyard.content.model import Challenge
from labyard.errors import NotFoundError
from labyard.spec.manifest import parse_manifest


def grounds() -> Grounds:
    return {"demo": parse_manifest(DEMO), "ruin": None}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_lessons(tmp_path / "shipped")
    return tmp_path


def library(root: Path, *more: Path) -> Library:
    known = grounds()
    return Library((*more, root / "shipped"), lambda: known)


def test_every_kind_is_found_by_name(root: Path) -> None:
    (root / "shipped" / "challenges" / ".git").mkdir()
    (root / "shipped" / "challenges" / "empty").mkdir()
    (root / "shipped" / "challenges" / "README.md").write_text("# no lesson")
    books = library(root, root / "absent")
    names = {plural: [entry.name for entry in books.entries(plural)] for plural in PLURALS}
    assert names == {
        "challenges": ["broken", "two-nodes"],
        "tutorials": ["agreeing"],
        "courses": ["nodes"],
        "skill-paths": ["up"],
        "roadmaps": [],
        "trainings": [],
    }
    assert [entry.problems for plural in PLURALS for entry in books.entries(plural) if entry.name != "broken"] == [
        ()
    ] * 4
    with pytest.raises(NotFoundError):
        books.entry("challenges", "nothing")
    with pytest.raises(NotFoundError):
        books.entries("blog-posts")


def test_ones_own_comes_before_what_ships(root: Path) -> None:
    own = root / "own" / "challenges" / "elsewhere"
    own.mkdir(parents=True)
    (own / "index.md").write_text(TWO_NODES.replace("title: Two", "name: two-nodes\ntitle: My two"))
    entry = library(root, root / "own").entry("challenges", "two-nodes")
    assert entry.document.title == "My two nodes that agree" and entry.folder == own


def test_what_was_pushed_is_called_as_its_folder(root: Path) -> None:
    for home, name in (("own", "mine"), ("own", "broken"), ("previews", "preview-x")):
        folder = root / home / "challenges" / name
        folder.mkdir(parents=True)
        (folder / "index.md").write_text(TWO_NODES.replace("title: Two", "name: two-nodes\ntitle: My two"))
    known = grounds()
    books = Library((root / "shipped",), lambda: known, own=root / "own", previews=root / "previews")
    listed = [(entry.name, entry.origin, entry.document.title) for entry in books.entries("challenges")]
    assert listed == [
        ("broken", Origin.OWN, "My two nodes that agree"),
        ("mine", Origin.OWN, "My two nodes that agree"),
        ("two-nodes", Origin.SHIPPED, "Two nodes that agree"),
    ]
    assert [entry.name for entry in books.shipped("challenges")] == ["broken", "two-nodes"]
    assert [entry.name for entry in books.previews_of("challenges")] == ["preview-x"]
    assert books.entry("challenges", "preview-x").origin is Origin.PREVIEW


def test_a_file_deep_in_static_is_seen_too(root: Path) -> None:
    books = library(root)
    folder = books.entry("challenges", "two-nodes").folder
    (folder / "__static__" / "a" / "b").mkdir(parents=True)
    cover = "kind: challenge\ncover: __static__/a/b/new.png"
    (folder / "index.md").write_text(TWO_NODES.replace("kind: challenge", cover))
    assert books.entry("challenges", "two-nodes").problems
    (folder / "__static__" / "a" / "b" / "new.png").write_bytes(b"x")
    assert books.entry("challenges", "two-nodes").problems == ()


def test_an_edit_is_seen_at_once_and_what_did_not_change_is_not_read_again(root: Path) -> None:
    books = library(root)
    first = books.entry("challenges", "two-nodes")
    assert books.entry("challenges", "two-nodes").document is first.document
    file = first.folder / "index.md"
    file.write_text(TWO_NODES.replace("Two nodes that", "Three nodes that"))
    os.utime(file, (1, 1))
    assert books.entry("challenges", "two-nodes").document.title == "Three nodes that agree"
    file.write_text(TWO_NODES.replace("kind: challenge", "kind: challenge\ncover: __static__/new.png"))
    assert any("no __static__/new.png" in each.message for each in books.entry("challenges", "two-nodes").problems)
    (first.folder / "__static__" / "new.png").write_bytes(b"x")
    assert books.entry("challenges", "two-nodes").problems == ()


def test_an_edit_of_the_playground_is_seen_too(root: Path) -> None:
    known = dict(grounds())
    books = Library((root / "shipped",), lambda: known)
    assert books.entry("challenges", "two-nodes").problems == ()
    known["demo"] = parse_manifest(DEMO.replace("node-02", "node-99"))
    assert any("no machine `node-02`" in each.message for each in books.entry("challenges", "two-nodes").problems)
    del known["demo"]
    assert any("no playground `demo`" in each.message for each in books.entry("challenges", "two-nodes").problems)
    known["demo"] = None
    assert any("problems of its own" in each.message for each in books.entry("challenges", "two-nodes").problems)


@pytest.mark.parametrize(
    "text",
    [b"", b"\xff\xfe", b"---\n", b"---\n" + b"[" * 5000 + b"\n---\n", b"x" * (2 << 20), b"---\nkind: tutorial\n---\n"],
)
def test_what_is_broken_is_listed_and_harms_nobody(root: Path, text: bytes) -> None:
    (root / "shipped" / "challenges" / "broken" / "index.md").write_bytes(text)
    broken, whole = library(root).entries("challenges")
    assert (broken.name, broken.content, whole.problems) == ("broken", None, ())
    assert broken.problems[0].file == "challenges/broken/index.md" and not broken.document.sound
    assert isinstance(whole.content, Challenge)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: challenge", "cover: __static__/none.png\nkind: challenge"),
        ("title: Two nodes that agree", "title: Two"),
        ("tagz: [beginners]", "tagz: [linux]"),
    ],
)
def test_what_is_badly_listed_can_be_played(root: Path, old: str, new: str) -> None:
    file = root / "shipped" / "challenges" / "two-nodes" / "index.md"
    file.write_text(file.read_text().replace(old, new))
    entry = library(root).entry("challenges", "two-nodes")
    assert len(entry.problems) == 1 and entry.document.sound


def test_a_link_that_leads_out_is_not_read(root: Path) -> None:
    (root / "secret.md").write_text(TWO_NODES)
    file = root / "shipped" / "challenges" / "broken" / "index.md"
    file.unlink()
    file.symlink_to(root / "secret.md")
    broken = library(root).entry("challenges", "broken")
    assert broken.content is None and "leads out" in broken.problems[0].message


def test_a_course_has_modules_and_lessons_in_their_order(root: Path) -> None:
    books = library(root)
    course = books.entry("courses", "nodes")
    for folder in ("002.second", "100.last"):
        (course.folder / folder).mkdir()
        (course.folder / folder / "0.index.md").write_text(MODULE)
    late = course.folder / "100.last" / "1.named"
    late.mkdir()
    (late / "index.md").write_text(LESSON.replace("kind: lesson", "kind: lesson\nname: other"))
    (course.folder / "100.last" / "drafts").mkdir()
    (course.folder / "100.last" / "drafts" / "index.md").write_text(LESSON)
    (course.folder / ".labctlignore").write_text("drafts\n")
    tree = books.tree(course)
    assert [module.name for module in tree.modules] == ["second", "first", "last"]
    assert [lesson.path for lesson in tree.lessons()] == ["first/one", "first/two", "last/other"]
    assert books.lesson(course, "last/other").folder == "100.last/1.named"
    assert [unit.name for unit in books.lesson(course, "first/one").units] == ["unit-1"]


def test_a_flat_course(root: Path) -> None:
    folder = root / "shipped" / "courses" / "nodes"
    for number in ("10.b", "20.a"):
        (folder / number).mkdir()
        (folder / number / "index.md").write_text(LESSON)
    books = library(root)
    course = books.entry("courses", "nodes")
    first, second = books.tree(course).modules
    assert (first.name, first.page, [lesson.path for lesson in first.lessons]) == ("", None, ["b", "a"])
    assert second.name == "first"
    assert books.lesson(course, "a").module == ""


def test_units_are_in_the_order_of_their_numbers(root: Path) -> None:
    path = root / "shipped" / "skill-paths" / "up"
    for name in ("unit-10.md", "unit-9.md", "program.md"):
        (path / name).write_text("---\nkind: unit\ntitle: Another unit here\n---\n")
    books = library(root)
    units = [unit.name for unit in books.tree(books.entry("skill-paths", "up")).units]
    assert units == ["program", "unit-1", "unit-9", "unit-10"]


def test_solutions_are_texts_and_scripts_of_the_same_name(root: Path) -> None:
    books = library(root)
    entry = books.entry("challenges", "two-nodes")
    (root / "secret.sh").write_text("secret")
    (entry.folder / ".solution-03.sh").symlink_to(root / "secret.sh")
    (entry.folder / ".solution-04.sh").write_bytes(b"\xff")
    (entry.folder / "solution-05.md").write_text("No front matter.")
    found = {each.name: each for each in books.solutions(entry)}
    assert list(found) == ["solution", "solution-02", "solution-04", "solution-05"]
    assert found["solution"].script == "# session: node-01\ntrue\n"
    document = found["solution"].document
    assert document is not None and document.title == "The short way"
    assert found["solution-02"].document is None and found["solution-04"].script is None
    assert found["solution-05"].document is not None and found["solution-05"].document.problems == ()


def test_a_long_course_is_bounded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labyard.content.tree.MOST", 2)
    books = library(root)
    assert list(books.tree(books.entry("courses", "nodes")).lessons()) == []


def test_what_a_lesson_needs_of_its_playground(root: Path) -> None:
    file = root / "shipped" / "challenges" / "two-nodes" / "index.md"
    for written, words in (
        ("needs: [nobody]", "there is no task `nobody`"),
        ("needs: [init_more]", "which runs on another machine"),
        ("needs: [check_one]", "which is none"),
        ("needs: [keep_going]", "never completes"),
        ("needs: [init_b]", None),
    ):
        file.write_text(TWO_NODES.replace("needs: [init_a]", written))
        problems = library(root).entry("challenges", "two-nodes").problems
        assert [words in each.message for each in problems if words] == ([True] if words else []), problems
        assert words or problems == ()


def test_a_lesson_of_a_course_takes_files_of_its_own_or_its_courses(root: Path) -> None:
    course = root / "shipped" / "courses" / "nodes"
    files = (
        "playground: {name: demo, startupFiles: [{path: /a, source: __static__/a}, {path: /b, source: __static__/b}]}"
    )
    lesson = course / "010.first" / "010.one"
    (lesson / "index.md").write_text(LESSON.replace("playground: {name: demo}", files))
    books = library(root)

    def problems() -> list[str]:
        known = Library((root / "shipped",), books.grounds)  # what lies beside a manifest is not looked at again
        return [str(each) for each in known.lesson(known.entry("courses", "nodes"), "first/one").problems]

    assert len(problems()) == 2
    for home, name in ((course, "a"), (lesson, "b")):
        (home / "__static__").mkdir()
        (home / "__static__" / name).write_text("text")
    assert problems() == []
    (lesson / "__static__" / "b").unlink()
    (lesson / "__static__" / "b").symlink_to("/etc/hostname")
    (told,) = problems()
    assert told.startswith("courses/nodes/010.first/010.one/index.md:4:") and "outside" in told
