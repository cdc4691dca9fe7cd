from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labyard.bots.report_html import page
from labyard.bots.report_json import as_json, from_json, read
from labyard.bots.report_junit import as_junit
from labyard.bots.reports import rounds, write, write_with_history
from labyard.bots.results import Outcome, Result, Round, Tried

BEGAN = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'&\x00\x1b[31m\ufffe\n]]>"


def outcome(
    name: str, *results: Result, case: str = "solution-1", reason: str = "", kind: str = "challenge"
) -> Outcome:
    tried = tuple(
        Tried(
            number=number,
            result=result,
            reason="" if result is Result.PASSED else reason or f"why {number}",
            seconds=61.5,
            folder=f"{kind}/{name}/{case}-{number}",
        )
        for number, result in enumerate(results, 1)
    )
    return Outcome(kind=kind, name=name, case=case, tried=tried, reason="" if tried else reason)


def played(*outcomes: Outcome, days: int = 0, complete: bool = True) -> Round:
    began = BEGAN + timedelta(days=days)
    return Round(started=began, finished=began + timedelta(minutes=9), complete=complete, outcomes=outcomes)


P, F, B = Result.PASSED, Result.FAILED, Result.BROKEN
EVERYTHING = played(
    outcome("lan", P, P, P, case="cold", kind="playground"),
    outcome("nat", P, F, P),
    outcome("dns", F, F, B),
    outcome("too-large", B),
    outcome("k8s", reason="it needs the internet"),
)


@pytest.mark.parametrize(
    ("results", "result", "words"),
    [
        ((), Result.NOT_RUN, "r"),
        ((P,), P, ""),
        ((F,), F, "r"),
        ((B,), B, "r"),
        ((P, P), P, ""),
        ((F, F), F, "2 of 2 failed: r"),
        ((B, F), F, "2 of 2 failed: r"),
        ((P, F, P), Result.FLAKY, "1 of 3 failed: r"),
        ((P, B), Result.FLAKY, "1 of 2 failed: r"),
    ],
)
def test_results_of_several_attempts(results: tuple[Result, ...], result: Result, words: str) -> None:
    each = outcome("x", *results, reason="r")
    assert (each.result, each.words) == (result, words)


def test_words_of_a_round() -> None:
    assert EVERYTHING.words == "1 passed, 1 failed, 1 flaky, 1 broken, 1 not run"
    assert EVERYTHING.red
    assert not played(outcome("a", P), outcome("b", reason="x")).red


def test_junit_is_read_back() -> None:
    root = ET.fromstring(as_junit(EVERYTHING))  # noqa: S314 - our own
    assert root.attrib == {"name": "labyard bots", "tests": "11", "failures": "3", "errors": "2", "skipped": "1"}
    assert [suite.get("name") for suite in root] == ["challenge", "playground"]
    flaky = root.findall("testsuite/testcase[@classname='challenge.nat']")
    assert [case.get("name") for case in flaky] == [f"solution-1 [{number} of 3]" for number in (1, 2, 3)]
    failures = root.findall(".//testcase[@classname='challenge.nat']/failure")
    assert [failure.attrib for failure in failures] == [{"type": "flaky", "message": "flaky, 1 of 3 failed: why 2"}]
    skipped = root.find(".//testcase[@classname='challenge.k8s']/skipped")
    assert skipped is not None
    assert skipped.get("message") == "it needs the internet"


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_junit_holds_any_text(text: str) -> None:
    root = ET.fromstring(as_junit(played(outcome(text, F, reason=text, case=text))))  # noqa: S314 - our own
    assert root.get("failures") == "1"


def test_json_is_read_back() -> None:
    told = json.loads(json.dumps(as_json(EVERYTHING)))
    assert from_json(told) == EVERYTHING
    assert told["counts"] == {"passed": 1, "failed": 1, "flaky": 1, "broken": 1, "not-run": 1}
    assert from_json(as_json(played(complete=False))) == played(complete=False)


@pytest.mark.parametrize("told", [None, [], {}, {"started": 3}, {**as_json(EVERYTHING), "results": [{"kind": "x"}]}])
def test_what_is_no_report_is_none(told: object, tmp_path: Path) -> None:
    assert from_json(told) is None
    (tmp_path / "x.json").write_text(json.dumps(told))
    (tmp_path / "y.json").write_bytes(b"\xff{")
    assert read(tmp_path / "x.json") is read(tmp_path / "y.json") is read(tmp_path / "z.json") is None


class Page(HTMLParser):
    """The squares by row, and every tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        if tag == "ul":
            self.rows.append([])  # squares of a list are no cells
        if tag == "span" and self.rows and self.rows[-1] and "s " in (known.get("class") or ""):
            self.rows[-1][-1] = (known["class"] or "").removeprefix("s ")
        if tag == "a":
            self.links.append(known["href"] or "")


def test_the_matrix_shows_rounds_newest_first() -> None:
    before = played(outcome("nat", P), outcome("gone", F), days=-1)
    shown = Page(page([EVERYTHING, before], links=True))
    cells = [row[1:] for row in shown.rows if row]  # after what it took
    assert cells == [
        ["passed", ""],
        ["failed", ""],
        ["", "failed"],
        ["not-run", ""],
        ["flaky", "passed"],
        ["broken", ""],
    ]
    assert "./challenge/nat/solution-1-2/" in shown.links
    assert Page(page([EVERYTHING])).links == []


def test_the_page_is_safe_whatever_the_names_are() -> None:
    evil = Outcome(
        kind=HOSTILE,
        name=HOSTILE,
        case=HOSTILE,
        title=HOSTILE,
        tried=(Tried(number=1, result=F, reason=HOSTILE, folder="javascript:alert(1)//" + HOSTILE),),
    )
    text = page([played(evil, outcome("x", reason=HOSTILE))], links=True, note=HOSTILE)
    shown = Page(text)
    assert "script" not in shown.tags
    assert "<script" not in text
    assert all(link.startswith("./") for link in shown.links)
    attributes = ("onclick", "onerror", "style=\"'")
    assert not any(attribute in text for attribute in attributes)


def test_the_page_says_when_there_is_nothing_and_when_it_was_cut() -> None:
    assert "No round was played yet." in page([])
    assert "It was cut before its end." in page([played(complete=False)])
    assert "nothing was tried" in page([played()])


def test_it_is_readable_on_a_phone_light_and_dark() -> None:
    text = page([EVERYTHING])
    assert 'name="viewport"' in text
    assert "prefers-color-scheme:dark" in text
    assert text.count("<html") == text.count("</html>") == 1


def test_reports_and_the_rounds_before(tmp_path: Path) -> None:
    for day in range(33):
        write_with_history(tmp_path, played(outcome("nat", P if day % 2 else F), days=day))
    kept = sorted((tmp_path / "history").iterdir())
    assert (len(kept), kept[-1].name) == (30, "2026-04-02T030000.json")
    assert (tmp_path / "junit.xml").is_file()
    newest = read(tmp_path / "report.json")
    assert newest is not None
    assert newest.started == BEGAN + timedelta(days=32)
    row = Page((tmp_path / "index.html").read_text()).rows[-2][1:]
    assert row[:3] == ["failed", "passed", "failed"]
    assert len(row) == 30


def test_damaged_history_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, EVERYTHING, [])
    (tmp_path / "bad.json").write_text("{")
    assert rounds([tmp_path / "bad.json", tmp_path / "report.json", tmp_path / "none.json"]) == [EVERYTHING]
