from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from labyard.control.journey import Day, days_of, recent_of
from labyard.store.progress import Did, Step

LATE = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
BERLIN, NEPAL, HAWAII = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("Pacific/Honolulu")


def step(at: datetime, did: Did = Did.BEGAN, lesson: str = "challenge/x") -> Step:
    return Step(lesson=lesson, did=did, at=at)


def test_a_day_is_what_it_is_where_the_learner_is() -> None:
    steps = [step(LATE + timedelta(hours=1), Did.SOLVED), step(LATE)]
    assert days_of(steps, UTC) == [
        Day(day=date(2026, 3, 28), began=1, solved=0),
        Day(day=date(2026, 3, 29), began=0, solved=1),
    ]
    assert days_of(steps, BERLIN) == [Day(day=date(2026, 3, 29), began=1, solved=1)]
    assert days_of(steps, NEPAL) == days_of(steps, BERLIN)
    assert days_of(steps, HAWAII) == [Day(day=date(2026, 3, 28), began=1, solved=1)]


@given(st.lists(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))))
def test_no_step_is_lost_or_counted_twice(times: list[datetime]) -> None:
    """Nights in which clocks are changed have hours twice, or not at all."""
    days = days_of([step(at) for at in times], BERLIN)
    assert sum(day.began for day in days) == len(times)
    assert [day.day for day in days] == sorted({at.astimezone(BERLIN).date() for at in times})


def test_what_was_last_is_told_once_for_each_lesson() -> None:
    steps = [step(LATE - timedelta(minutes=at), lesson=f"challenge/{at % 30}") for at in range(90)]
    recent = recent_of(steps, {"challenge/0": "Nothing", "challenge/1": ""})
    assert [(each.key.name, each.title) for each in recent[:3]] == [("0", "Nothing"), ("1", "1"), ("2", "")]
    assert len(recent) == 20 and [each.at for each in recent] == sorted((each.at for each in recent), reverse=True)
