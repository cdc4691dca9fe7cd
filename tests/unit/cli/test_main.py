"""The command line as a whole."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labyard import __version__
from labyard.cli.exits import ExitCode
from labyard.cli.plays import TASK_COMPLETED, TASK_FAILED, TASK_RUNNING, TASK_WORDS, parse_play
from labyard.cli.reference import page, verbs
from labyard.play.status import PlayState, TaskStatus

if TYPE_CHECKING:
    from .conftest import Cli

ROOT = Path(__file__).parents[3]
ALL = list(verbs())


def test_the_reference_is_what_the_program_says() -> None:
    remedy = "python -m labyard.cli.reference > docs/reference/cli.md"
    assert (ROOT / "docs/reference/cli.md").read_text() == page(), remedy


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_verb_has_a_help_with_examples_of_itself(cli: Cli, words: tuple[str, ...]) -> None:
    done = cli(*words, "--help")
    assert done.returncode == 0
    text = done.stdout.decode()
    if "Commands:" not in text:
        assert re.search(rf"Examples:\n(.*\n)*.*labyard {' '.join(words)}", text)


def test_there_are_no_fewer_verbs_than_promised() -> None:
    promised = """up, down, serve, signin-link, doctor, lint, schema, exec, ssh, playground catalog, playground start,
    playground list, playground status, playground machines, playground tasks, playground wait, playground stop,
    playground restart, playground destroy, playground prepare, playground fork, playground snapshot,
    playground snapshots, playground rewind, playground remove-snapshot, playground save, playground persist,
    playground remove, du, scrub, playground debug, playground open, playground manifest,
    playground machine reboot, playground machine stop, playground machine restart, playground machine console,
    image list, image pull, image import, image remove, image gc, kernel list, kernel pull,
    content create, content lint, content list, content render, content preview, content push, content pull,
    content remove"""
    assert {" ".join(words) for words in ALL} >= {" ".join(verb.split()) for verb in promised.split(",")}


def test_version(cli: Cli) -> None:
    assert cli("--version").stdout == f"labyard {__version__}\n".encode()


def test_a_verb_that_is_none(cli: Cli) -> None:
    done = cli("plaground")
    assert done.returncode == ExitCode.USAGE
    assert b"plaground" in done.stderr
    assert done.stdout == b""


def test_help_loads_neither_http_nor_the_server(cli: Cli) -> None:
    """What keeps `labyard --help` and `exec` quick: measured in modules, not in seconds."""
    with cli.start("--help", stdin=None) as process:
        assert process.wait(timeout=30) == 0
    probe = (
        "import sys; from labyard.cli.main import build; build(['{}']);"
        "print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    )
    loaded = {}
    for verb in ("nothing", "exec"):
        command = [sys.executable, "-c", probe.format(verb)]
        with cli.start(command=command) as process:
            stdout, _ = process.communicate(timeout=30)
        loaded[verb] = set(stdout.decode().split())
    assert "typer" in loaded["nothing"]
    assert not loaded["nothing"] & {"httpx", "websockets", "pydantic", "uvicorn", "asyncio"}
    assert not loaded["exec"] & {"pydantic", "uvicorn", "fastapi", "sqlalchemy", "yaml"}


def test_words_of_tasks_are_those_of_the_contract() -> None:
    assert {status.value: status.name.lower() for status in TaskStatus} == TASK_WORDS
    assert (TASK_RUNNING, TASK_FAILED, TASK_COMPLETED) == (TaskStatus.RUNNING, TaskStatus.FAILED, TaskStatus.COMPLETED)


@pytest.mark.parametrize("state", PlayState)
def test_active_means_the_same_here_and_there(state: PlayState) -> None:
    assert parse_play({"id": "x", "status": {"stateEvents": [{"state": state.value}]}}).active is state.active


def test_a_local_token_never_leaves_this_box(cli: Cli) -> None:
    from_elsewhere = cli.environment | {"LABYARD_URL": "http://labs.example.org"}
    assert cli.target(from_elsewhere).token is None
    assert cli.target(cli.environment).token
    assert cli.target(from_elsewhere | {"LABYARD_TOKEN": "t"}).token == "t"


@pytest.mark.parametrize("url", ["labs.example.org", "ftp://x", "http://", "http://x:99999"])
def test_an_address_that_is_none(cli: Cli, url: str) -> None:
    cli.environment["LABYARD_URL"] = url
    done = cli("playground", "list")
    assert done.returncode == ExitCode.USAGE
    assert b"LABYARD_URL" in done.stderr
