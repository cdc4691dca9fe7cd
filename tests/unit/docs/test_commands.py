"""Every command that the guides name is one, with those words and options."""

from __future__ import annotations

import functools
import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from labyard.cli.main import build

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "docs/index.md", *sorted((ROOT / "docs/guide").rglob("*.md"))]

_FENCED = re.compile(r"^```\w*\n(.*?)^```", re.M | re.S)
_SPAN = re.compile(r"(?<!`)`(?:sudo )?labyard ([^`]+)`(?!`)")
_ENDS = {"|", "||", "&&", ";", ">", "2>", "<"}


def commands(text: str) -> list[list[str]]:
    """Words of each command: in blocks a line may have several, and a comment."""
    lines = [line for block in _FENCED.findall(text) for line in block.splitlines()]
    found = [words for line in lines for words in of_line(line)]
    spans = [span for line in _FENCED.sub("", text).splitlines() for span in _SPAN.findall(line)]
    return found + [shlex.split(span) for span in spans if "|" not in span and "..." not in span]


def of_line(line: str) -> list[list[str]]:
    """`ID=$(labyard ...)` too."""
    if "labyard" not in line:
        return []
    spread = re.sub(r"(\$\(|[;)])", r" \1 ", line)
    try:
        words = shlex.split(spread, comments=True)
    except ValueError:
        return []
    found: list[list[str]] = []
    for at, word in enumerate(words):
        if word != "labyard" or (
            at > 0 and words[at - 1] not in {"sudo", "$(", "=", *_ENDS} and "=" not in words[at - 1]
        ):
            continue
        rest = words[at + 1 :]
        end = next((place for place, each in enumerate(rest) if each in {*_ENDS, ")"}), len(rest))
        if rest[:end]:
            found.append(rest[:end])
    return found


@functools.cache
def verb(name: str) -> typer.Typer:
    return build([name])


def misunderstood(words: list[str]) -> str:
    """What the command line says of an unknown verb or option; empty where it would go on, but for being asked for help."""
    end = words.index("--") if "--" in words else len(words)
    told = CliRunner().invoke(verb(words[0]), [*words[:end], "--help"])
    return "" if told.exit_code == 0 else told.output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_understood(page: Path) -> None:
    told = {shlex.join(words): misunderstood(words) for words in commands(page.read_text())}
    assert {words: trouble for words, trouble in told.items() if trouble} == {}


def test_enough_is_looked_at() -> None:
    assert sum(len(commands(page.read_text())) for page in PAGES) > 100
    assert "No such option" in misunderstood(["playground", "start", "--no-such-option", "tiny"])
    assert "No such command" in misunderstood(["playground", "no-such-verb"])
