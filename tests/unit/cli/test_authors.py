"""`labyard content create|push|pull|remove` with the real server, as authors use them."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.lessons import TWO_NODES
from tests.unit.cli.test_real_server import real, solve

from labyard.content.library import PLURALS

if TYPE_CHECKING:
    from .conftest import Cli

__all__ = ["real"]  # a fixture
pytestmark = pytest.mark.slow

MINE = TWO_NODES.replace("Two nodes that agree", "A challenge of my own")


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return write(
        tmp_path / "work" / "mine", {"index.md": MINE, "__static__/map.png": b"\x89PNG", ".solution.sh": "x\n"}
    )


def pulled(real: Cli, folder: Path, name: str = "challenge/mine") -> dict[str, bytes]:
    done = real("content", "pull", name, str(folder), "--force")
    assert done.returncode == 0, done.stderr
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", PLURALS.values())
def test_created_linted_pushed_and_pulled(real: Cli, tmp_path: Path, kind: str) -> None:
    home = tmp_path / "work" / "a-first-one"
    done = real("content", "create", kind, "a-first-one", "--dir", str(home))
    assert (done.returncode, done.stdout.decode().strip()) == (0, str(home)), done.stderr
    for verb in ("preview", "push"):
        assert f"labyard content {verb} {home}".encode() in done.stderr
    linted = real("content", "lint", str(home))
    assert linted.returncode == 0 and b"0 errors, 0 warnings" in linted.stderr, linted.stdout
    pushed = real("content", "push", str(home))
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout.decode().strip().endswith(f"/{kind}s/a-first-one")
    assert pulled(real, tmp_path / "back", f"{kind}/a-first-one") == contents(home), "byte for byte"
    again = real("content", "create", kind, "a-first-one", "--dir", str(home))
    assert again.returncode == 2 and b"not empty" in again.stderr
    removed = real("content", "remove", f"{kind}/a-first-one", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert real("content", "remove", f"{kind}/a-first-one", "--yes").returncode == 3


def test_a_push_sends_what_differs_and_nothing_else(real: Cli, mine: Path) -> None:
    first = real("content", "push", str(mine))
    assert first.returncode == 0 and b"3 new" in first.stderr, first.stderr
    for line in (b"  + .solution.sh", b"  + __static__/map.png", b"  + index.md"):
        assert line in first.stderr
    nothing = real("content", "push", str(mine))
    assert b"nothing to do" in nothing.stderr and nothing.stdout == first.stdout
    (mine / "index.md").write_text(MINE + "More.\n")
    write(mine, {"__static__/more.png": b"x"})
    told = json.loads(real("content", "push", str(mine), "--dry-run", "-o", "json").stdout)
    assert (told["new"], told["changed"], told["pushed"]) == (["__static__/more.png"], ["index.md"], False)
    told = json.loads(real("content", "push", str(mine), "-o", "json").stdout)
    assert (told["new"], told["changed"], told["pushed"]) == (["__static__/more.png"], ["index.md"], True)
    assert told["pageUrl"].endswith("/challenges/mine") and told["problems"] == []
    (mine / "index.md").write_text(MINE)
    (mine / "__static__/more.png").write_bytes(b"y")
    only = real("content", "push", str(mine), "--file", "__static__/more.png")
    assert b"1 changed" in only.stderr
    assert b"  ~ index.md" in real("content", "push", str(mine), "--dry-run").stderr, "that one was not asked for"
    assert real("content", "push", str(mine), "--file", "absent.md").returncode == 2


def test_what_is_gone_here_is_removed_when_somebody_agrees(real: Cli, mine: Path, tmp_path: Path) -> None:
    real("content", "push", str(mine))
    (mine / ".solution.sh").unlink()
    refused = real.run("content", "push", str(mine))
    assert refused.returncode == 2 and b"--yes" in refused.stderr and b"Remove this file" in refused.stderr
    assert ".solution.sh" in pulled(real, tmp_path / "still")
    assert b"1 removed" in real("content", "push", str(mine), "--yes").stderr
    assert ".solution.sh" not in pulled(real, tmp_path / "now")


class Typed:
    """A terminal at which this is typed."""

    def __init__(self, text: str) -> None:
        self._text = text

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return self._text


def test_who_is_asked_may_say_no(real: Cli, mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real("content", "push", str(mine))
    (mine / ".solution.sh").unlink()
    monkeypatch.setattr("sys.stdin", Typed("n\n"))
    kept = real("content", "push", str(mine))
    assert kept.returncode == 0 and b"Kept on the server: .solution.sh" in kept.stderr
    left = real("content", "remove", "challenge/mine")
    assert left.returncode == 1 and b"Remove challenge/mine with its 3 files" in left.stderr
    monkeypatch.setattr("sys.stdin", Typed("y\n"))
    assert b"1 removed" in real("content", "push", str(mine)).stderr
    assert real("content", "remove", "challenge/mine").stdout == b"challenge/mine\n"


def test_what_has_errors_stays_here_unless_forced(real: Cli, mine: Path) -> None:
    (mine / "index.md").write_text(MINE.replace("title:", "titel:") + "::nothing\n::\n")
    refused = real("content", "push", str(mine))
    assert refused.returncode == 1 and f"{mine}/index.md:3:1: error: unknown key `titel`".encode() in refused.stderr
    assert b"Not pushed: " in refused.stderr and b"--force" in refused.stderr
    assert real("content", "pull", "challenge/mine", str(mine.parent / "none")).returncode == 3, "nothing was made"
    told = json.loads(real("content", "push", str(mine), "-o", "json").stdout)
    assert told["pushed"] is False and any("titel" in each["message"] for each in told["problems"])
    forced = real("content", "push", str(mine), "--force")
    assert forced.returncode == 0 and b"3 new" in forced.stderr


def test_the_server_tells_what_only_it_knows(real: Cli, mine: Path) -> None:
    """The starter's playground is known here, as it ships; that server has none of its name."""
    (mine / "index.md").write_text(MINE.replace("name: demo", "name: tiny").replace("node-01", "tiny-01"))
    done = real("content", "push", str(mine), "--force")
    assert f"{mine}/index.md:10:9: error: there is no playground `tiny`".encode() in done.stderr


def test_files_that_stay_at_home(real: Cli, mine: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not yours")
    write(
        mine,
        {
            ".labctlignore": "*.psd\ndrafts/\n",
            "a.psd": b"x",
            "drafts/x.md": "x",
            ".git/config": "x",
            "index.md~": "x",
        },
    )
    (mine / "out.txt").symlink_to(tmp_path / "secret")
    (mine / "outside").symlink_to(tmp_path)
    (mine / "inside.txt").symlink_to(mine / ".solution.sh")
    os.mkfifo(mine / "pipe")
    done = real("content", "push", str(mine))
    assert done.returncode == 0, done.stderr
    for name in (b"out.txt", b"outside", b"pipe"):
        assert b"Left out: " + name + b" is a link out of the folder, or no file." in done.stderr
    assert set(pulled(real, tmp_path / "back")) == {"index.md", "__static__/map.png", ".solution.sh", "inside.txt"}


def test_files_that_cannot_be_pushed(real: Cli, mine: Path) -> None:
    write(mine, {"aux.txt": "x", "__static__/page.md": "x"})
    with (mine / "film.mp4").open("wb") as film:
        film.truncate((64 << 20) + 1)
    done = real("content", "push", str(mine))
    assert done.returncode == 1
    for words in (b"aux.txt:1:1: error: it cannot be pushed", b"film.mp4' is larger than 64 MiB", b"`.labctlignore`"):
        assert words in done.stderr
    assert done.stderr.count(b"Markdown cannot lie in `__static__`") == 1
    (mine / ".labctlignore").write_text("aux.txt\n*.mp4\npage.md\n")
    assert real("content", "push", str(mine)).returncode == 0


def test_names_in_composed_letters(real: Cli, mine: Path, tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "größe.png")
    write(mine, {f"__static__/{apart}": b"x"})
    assert real("content", "push", str(mine)).returncode == 0
    assert "__static__/größe.png" in pulled(real, tmp_path / "back")
    assert b"nothing to do" in real("content", "push", str(mine)).stderr
    write(mine, {"__static__/größe.png": b"y"})
    done = real("content", "push", str(mine))
    assert done.returncode == 1 and b"put together otherwise" in done.stderr


def test_any_bytes_come_back_as_they_were(real: Cli, mine: Path, tmp_path: Path) -> None:
    odd = {
        "crlf.md": b"a\r\nb\r\n", "bom.md": b"\xef\xbb\xbfx", "zero.md": b"\0\x01", "latin.md": b"\xe9", "empty.txt": b"",
        "deep/er/all.bin": bytes(range(256)) * 3000, "a b.txt": b"x", "100%.txt": b"x", "#?&=+.txt": b"x",
    }  # fmt: skip
    write(mine, odd)
    done = real("content", "push", str(mine), "--force")
    assert done.returncode == 0, done.stderr
    assert pulled(real, tmp_path / "back") == contents(mine)
    assert b"nothing to do" in real("content", "push", str(mine), "--force").stderr


def test_many_files(real: Cli, mine: Path, tmp_path: Path) -> None:
    write(mine, {f"__static__/{number}.txt": str(number) for number in range(100)})
    assert b"103 new" in real("content", "push", str(mine)).stderr
    assert pulled(real, tmp_path / "back") == contents(mine)


def test_a_pull_overwrites_nothing_of_ones_own(real: Cli, mine: Path, tmp_path: Path) -> None:
    real("content", "push", str(mine))
    back = tmp_path / "back"
    write(back, {"index.md": "mine", "notes.txt": "also mine", ".solution.sh": "x\n"})
    refused = real("content", "pull", "challenge/mine", str(back))
    assert refused.returncode == 1 and b"  ~ index.md" in refused.stderr and b"--force" in refused.stderr
    assert (
        set(contents(back)) == {"index.md", "notes.txt", ".solution.sh"} and (back / "index.md").read_text() == "mine"
    )
    forced = real("content", "pull", "challenge/mine", str(back), "--force")
    assert forced.returncode == 0 and b"2 fetched, 1 were here" in forced.stderr
    assert contents(back) == {**contents(mine), "notes.txt": b"also mine"}
    assert b"0 fetched, 3 were here" in real("content", "pull", "challenge/mine", str(back)).stderr


def test_a_pull_follows_no_link_out_of_its_folder(real: Cli, mine: Path, tmp_path: Path) -> None:
    real("content", "push", str(mine))
    back, outside = tmp_path / "back", tmp_path / "outside"
    back.mkdir()
    outside.mkdir()
    (back / "__static__").symlink_to(outside)
    done = real("content", "pull", "challenge/mine", str(back), "--force")
    assert done.returncode == 1 and b"a link leads out of the folder" in done.stderr
    assert not list(outside.iterdir())
    assert real("content", "pull", "challenge/mine", str(mine / "index.md")).returncode == 2


def test_what_ships_is_pulled_and_pushed_under_another_name(real: Cli, tmp_path: Path) -> None:
    home = tmp_path / "work" / "two-nodes"
    assert real("content", "pull", "challenge/two-nodes", str(home)).returncode == 0
    assert (home / "index.md").read_text() == TWO_NODES and (home / ".solution.sh").exists()
    for arguments in (
        ["push", str(home)],
        ["push", str(home), "--dry-run"],
        ["remove", "challenge/two-nodes", "--yes"],
    ):
        done = real("content", *arguments)
        assert done.returncode == 1 and b"ships with Labyard" in done.stderr
        assert b"--as challenge/my-two-nodes" in done.stderr
    assert real("content", "push", str(home), "--as", "challenge/my-two-nodes").returncode == 0
    listed = json.loads(real("content", "list", "--mine", "-o", "json").stdout)
    assert [(each["kind"], each["name"]) for each in listed] == [("challenge", "my-two-nodes")]


def test_what_is_played_is_removed_and_played_on(real: Cli, mine: Path) -> None:
    real("content", "push", str(mine))
    play = real.run("challenge", "start", "-q", "mine").stdout.decode().strip()
    solve(real, play, "check_one", "check_two")
    assert real("challenge", "wait", "mine").returncode == 0
    removed = real("content", "remove", "challenge/mine", "--yes")
    assert removed.returncode == 0 and f"Plays of it go on: {play}".encode() in removed.stderr
    assert b"Progress on it stays" in removed.stderr
    assert real.run("playground", "status", play).returncode == 0
    real("content", "push", str(mine))
    assert b"solved" in real("challenge", "catalog").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["push", "nowhere"], b"there is no folder"),
        (["push", "{home}/empty"], b"there is no index.md"),
        (["push", "{home}/unknown"], b"says `kind: recipe`"),
        (["push", "{home}/silent"], b"does not say its `kind`"),
        (["push", "{home}/part"], b"a part of a piece"),
        (["push", "{home}/Bad Name"], b"--as challenge/NAME"),
        (["push", "{home}/mine", "--as", "mine"], b"is no KIND/NAME"),
        (["push", "{home}/mine", "--as", "recipe/mine"], b"is no KIND/NAME"),
        (["push", "{home}/mine", "--as", "challenge/../x"], b"is no name"),
        (["push", "{home}/mine", "--watch", "--dry-run"], b"--watch"),
        (["pull", "mine"], b"is no KIND/NAME"),
        (["create", "challenge", "Mine"], b"is no name"),
        (["create", "recipe", "mine"], b"'recipe'"),
    ],
)
def test_what_cannot_be_meant(cli: Cli, mine: Path, arguments: list[str], words: bytes) -> None:
    home = mine.parent
    write(home, {"unknown/index.md": "---\nkind: recipe\n---\n", "silent/index.md": "hello", "Bad Name/index.md": MINE})
    write(home, {"part/index.md": "---\nkind: lesson\n---\n"})
    (home / "empty").mkdir()
    done = cli("content", *(each.format(home=home) for each in arguments))
    assert done.returncode == 2 and words in done.stderr, done.stderr


def test_without_a_server(lonely: Cli, mine: Path) -> None:
    for arguments in (["push", str(mine)], ["pull", "challenge/mine"], ["remove", "challenge/mine", "--yes"]):
        done = lonely("content", *arguments)
        assert done.returncode == 4 and b"labyard up" in done.stderr
    assert lonely("content", "create", "tutorial", "x", "--dir", str(mine.parent / "x")).returncode == 0


def test_a_broken_file_says_its_kind_all_the_same(real: Cli, mine: Path) -> None:
    (mine / "index.md").write_text(MINE.replace("tagz: [beginners]", "tagz: [beginners"))
    done = real("content", "push", str(mine))
    assert done.returncode == 1 and f"{mine}/index.md:".encode() in done.stderr
