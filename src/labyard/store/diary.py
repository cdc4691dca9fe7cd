"""Rows of plays' diaries: what happened to each, in order. They are only ever added, and go with their play (`PlayStore`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, insert, select

from labyard.store.database import Transaction
from labyard.store.schema import diary

MOST: Final = 500
"""Entries of one play; the oldest go first."""
DETAIL_LIMIT: Final = 500
"""Characters of what is told beside an entry."""


class Kind(StrEnum):
    """ASKED: somebody wanted it. STATE: the play became it. MACHINE: one of its machines did. TROUBLE: it did not work."""

    ASKED = "asked"
    STATE = "state"
    MACHINE = "machine"
    TROUBLE = "trouble"


@dataclass(frozen=True, kw_only=True, slots=True)
class DiaryEntry:
    """`what`: a verb, a state's or a machine's word. `who`: the id of who asked, empty when nobody did.

    `reason`: a word of `play.status.Reason`. `detail`: a machine's or snapshot's name, or a sentence.
    """

    play: str
    at: datetime
    kind: Kind
    what: str
    who: str = ""
    reason: str = ""
    detail: str = ""


async def write(transaction: Transaction, entries: Sequence[DiaryEntry]) -> None:
    """Add entries in somebody's transaction: with the change that they tell of, or not at all."""
    if not entries:
        return
    rows = [{**asdict(entry), "kind": entry.kind.value, "detail": entry.detail[:DETAIL_LIMIT]} for entry in entries]
    for row in rows:
        await transaction.execute(insert(diary).values(row))
    for play in {entry.play for entry in entries}:
        newest = select(diary.c.id).where(diary.c.play == play).order_by(diary.c.id.desc())
        first_too_many = newest.offset(MOST).limit(1).scalar_subquery()
        await transaction.execute(delete(diary).where(diary.c.play == play, diary.c.id <= first_too_many))


async def read(transaction: Transaction, play: str) -> list[DiaryEntry]:
    """Oldest first."""
    query = select(diary).where(diary.c.play == play).order_by(diary.c.id)
    found = (await transaction.execute(query)).mappings().all()
    return [
        DiaryEntry(**{**{name: each[name] for name in DiaryEntry.__slots__}, "kind": Kind(each["kind"])})
        for each in found
    ]
