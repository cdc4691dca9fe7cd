from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from labyard.control.finding import Findable, Wish, find

CASES = json.loads((Path(__file__).parents[2] / "cases/finding.json").read_text())


def item(told: dict[str, Any]) -> Findable:
    return Findable(
        name=told["name"],
        title=told["title"],
        description=told["description"],
        categories=tuple(told["categories"]),
        tags=tuple(told["tags"]),
        difficulties=tuple(told.get("difficulties", [told["difficulty"]] if "difficulty" in told else [])),
        status=told["status"],
    )


ITEMS = [(told["name"], item(told)) for told in CASES["items"]]


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["why"])
def test_found(case: dict[str, Any]) -> None:
    given = parse_qs(case["address"].removeprefix("?"))
    wish = Wish(
        words=given.get("q", [""])[0],
        categories=frozenset(given.get("category", ())),
        tags=frozenset(given.get("tag", ())),
        difficulties=frozenset(given.get("difficulty", ())),
        statuses=frozenset(given.get("status", ())),
    )
    assert find(ITEMS, wish) == case["found"]


def test_completed_is_a_word_of_its_own_as_well() -> None:
    assert find(ITEMS, Wish(statuses=frozenset({"completed"}))) == ["reading-logs"]


def test_endless_words_are_cut() -> None:
    assert find(ITEMS, Wish(words="dns " * 9 + "nowhere")) == ["dns-broken", "dns-basics"]
    assert find(ITEMS, Wish(words="x" * 100_000)) == []
