"""Finding something in a catalog: words and filters, best first. Pure. The pages do the same while somebody types
(`web/src/play/finding.ts`); `tests/cases/finding.json` holds both to it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

T = TypeVar("T")

MOST_WORDS = 8
LONGEST = 200
_BETWEEN = re.compile(r"[\W_]+")


@dataclass(frozen=True, kw_only=True)
class Findable:
    """What is known of one item. `status`: todo, attempted, solved or completed; empty for what is not tried."""

    name: str
    title: str = ""
    description: str = ""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    difficulties: tuple[str, ...] = ()
    status: str = ""

    @cached_property
    def folded(self) -> Folded:
        return Folded.of(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Folded:
    """The same as words, small and without accents."""

    title: str
    title_words: tuple[str, ...]
    name: str
    name_words: tuple[str, ...]
    labels: tuple[str, ...]
    text: str
    text_words: tuple[str, ...]

    @staticmethod
    def of(item: Findable) -> Folded:
        title, name, text = fold(item.title or item.name), fold(item.name), fold(item.description)
        return Folded(
            title=title,
            title_words=_words(title),
            name=name,
            name_words=_words(name),
            labels=tuple(fold(each) for each in (*item.categories, *item.tags, *item.difficulties)),
            text=text,
            text_words=_words(text),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Values of one filter are alternatives; filters and words must all hold."""

    words: str = ""
    categories: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    difficulties: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()


def find(items: Sequence[tuple[T, Findable]], wish: Wish) -> list[T]:
    """Best first; those that are as good stay in their order."""
    words = fold(wish.words[:LONGEST]).split()[:MOST_WORDS]
    scored = [(score, item) for item, known in items if _holds(known, wish) and (score := _score(known, words)) >= 0]
    return [item for _, item in sorted(scored, key=lambda each: -each[0])]


def fold(text: str) -> str:
    """Small letters without accents."""
    if text.isascii():
        return text.lower()
    return "".join(each for each in unicodedata.normalize("NFKD", text) if unicodedata.category(each)[0] != "M").lower()


def _words(folded: str) -> tuple[str, ...]:
    return tuple(word for word in _BETWEEN.split(folded) if word)


def _holds(item: Findable, wish: Wish) -> bool:
    given = (
        (wish.categories, item.categories),
        (wish.tags, item.tags),
        (wish.difficulties, item.difficulties),
        (wish.statuses, _statuses(item.status)),
    )
    return all(not wanted or not wanted.isdisjoint(has) for wanted, has in given)


def _statuses(status: str) -> tuple[str, ...]:
    """What its reader completed is also found as solved: nothing is left to do."""
    return ("completed", "solved") if status == "completed" else (status,)


def _score(item: Findable, words: Sequence[str]) -> int:
    """-1 when a word is nowhere in it."""
    total = 0
    for word in words:
        score = _word_score(item.folded, word)
        if score == 0:
            return -1
        total += score
    return total + (20 if words and item.folded.title.startswith(" ".join(words)) else 0)


def _word_score(item: Folded, word: str) -> int:
    ways = (
        (40, word in item.title_words),
        (35, word in item.name_words or word == item.name),
        (30, any(each.startswith(word) for each in item.title_words)),
        (27, word in item.labels),
        (25, any(each.startswith(word) for each in item.name_words) or item.name.startswith(word)),
        (15, any(each.startswith(word) for each in item.labels)),
        (12, word in item.title),
        (10, word in item.name),
        (6, any(each.startswith(word) for each in item.text_words)),
        (3, word in item.text),
    )
    return next((score for score, holds in ways if holds), 0)
