"""A folder of content → what is wrong with it: one folder per case in `cases`, `expected.txt` beside what is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.content.folder import MOST_FILES, Folder
from labyard.content.lint import LARGEST, lint

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())
WHOLE = (Path(__file__).parent / "cases" / "challenge" / "index.md").read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_wrong(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)
    said = [str(each) if each.warning else str(each).replace(": ", ": error: ", 1) for each in lint(Folder(Path()))]
    assert said == (case / "expected.txt").read_text().splitlines()


def test_a_file_of_its_own_is_looked_at_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "draft.md").write_text("# nothing")
    assert lint(Folder(tmp_path)) == ()
    (told,) = lint(Folder(tmp_path / "draft.md"))
    assert "no front matter" in told.message


@pytest.mark.parametrize(
    ("data", "words"), [(b"\xff\xfe", "UTF-8"), (b"-" * (LARGEST + 1), "larger than"), (b"---\n\0\n---\n", "YAML")]
)
def test_what_is_no_text_is_told(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "index.md").write_bytes(data)
    assert any(words in each.message for each in lint(Folder(tmp_path)))


def test_static_files_lie_in_the_folder(tmp_path: Path) -> None:
    """Neither `..` nor a link leads out of it."""
    (tmp_path / "secret").write_text("x")
    home = tmp_path / "lesson"
    (home / "__static__").mkdir(parents=True)
    (home / "__static__" / "link").symlink_to(tmp_path / "secret")
    folder = Folder(home)
    assert not folder.exists("__static__/../../secret")
    assert not folder.exists("__static__/link")
    (home / "__static__" / "own").write_text("x")
    assert folder.exists("__static__/own")


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labyard.content.folder.MOST_FILES", 2)
    assert MOST_FILES > 2
    for number in range(3):
        (tmp_path / f"unit-{number}.md").write_text("")
    with pytest.raises(ValueError, match="more than 2 files"):
        Folder(tmp_path).names()


class Memory:
    """One file, of nothing but text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def names(self) -> tuple[str, ...]:
        return ("index.md",)

    def text(self, name: str) -> str:
        return self._text

    def exists(self, name: str) -> bool:
        return False

    def shown(self, name: str) -> str:
        return name


PIECES = (
    *("---", "::", ":::", "::grid", ":::grid{a=1}", "::tabbed", "#one", "```", "~~~~", "<!--", "-->", "kind: unit"),
    *(":tab{x=", "title: |", "a: [", "- &a [*a]", "::card{:challenge=challenges.x}", "", "words :tab{a='b'}"),
)
LINES = st.lists(st.sampled_from(PIECES) | st.text(max_size=30), max_size=40)


@given(LINES)
def test_whatever_is_written_is_told_where_it_is(lines: list[str]) -> None:
    text = "\n".join(lines)
    for start in ("", "---\nkind: unit\ntitle: A title long enough\n---\n"):
        count = (start + text).replace("\r\n", "\n").count("\n") + 1
        for problem in lint(Memory(start + text)):
            assert 1 <= problem.line <= count + 1, problem
            assert problem.column >= 1


@given(st.data())
def test_a_whole_lesson_with_a_line_less_never_breaks_the_reader(data: st.DataObject) -> None:
    lines = WHOLE.splitlines()
    gone = data.draw(st.integers(0, len(lines) - 1))
    lint(Memory("\n".join(lines[:gone] + lines[gone + 1 :])))
