from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from labyard.cli.logs import configure_logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], level = before
    root.setLevel(level)


def said(stream: io.StringIO, *, as_json: bool = False) -> str:
    configure_logs(stream, as_json=as_json)
    log = structlog.get_logger()
    with structlog.contextvars.bound_contextvars(play="p1", machine="node-01\nx=1"):
        try:
            raise ValueError("no such luck")
        except ValueError:
            log.exception("it broke", work="a b")
    return stream.getvalue()


def test_off_a_terminal_every_event_is_one_line_of_keys_and_values() -> None:
    text = said(io.StringIO())
    assert text.count("\n") == 1 and "\x1b" not in text
    assert ' level=error event="it broke" ' in text and text.startswith("timestamp=2")
    assert " play=p1 " in text and 'work="a b"' in text and "no such luck" in text
    assert r"node-01\nx=1" in text, "nobody writes lines of their own into the log"


def test_at_a_terminal_it_is_for_people() -> None:
    text = said(Terminal())
    assert "it broke" in text and "\x1b[" in text and "p1" in text


def test_as_json_every_event_is_one_object_also_at_a_terminal() -> None:
    text = said(Terminal(), as_json=True)
    assert text.count("\n") == 1 and "\x1b" not in text
    told = json.loads(text)
    assert (told["event"], told["play"], told["machine"]) == ("it broke", "p1", "node-01\nx=1")
    assert told["level"] == "error" and told["timestamp"].endswith("Z") and "no such luck" in told["exception"]


def test_what_libraries_warn_of_comes_along() -> None:
    stream = io.StringIO()
    configure_logs(stream, as_json=True)
    with structlog.contextvars.bound_contextvars(play="p1"):
        logging.getLogger("a.library").warning("bad %s", "news")
        logging.getLogger("a.library").info("no news")
    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    assert (told["event"], told["library"], told["level"], told["play"]) == (
        "bad news",
        "a.library",
        "warning",
        "p1",
    )
