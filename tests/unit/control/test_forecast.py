from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from labyard.control.forecast import STOP_TAKES, Box, Claim, Forecast, Holding, foresee

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOX = Box(free=0, boots=4, start_takes=MINUTE, start_deadline=10 * MINUTE, stop_deadline=5 * MINUTE)
ONE = Claim(memory=1, lifetime=60 * MINUTE)


def held(**changes: object) -> Holding:
    return replace(Holding(memory=1, ends_at=None), **changes)  # type: ignore[arg-type]


def test_what_is_being_ended_makes_a_guess() -> None:
    leaving = held(leaving_since=NOW - timedelta(seconds=3))
    assert foresee(NOW, BOX, [leaving], [ONE]) == [Forecast(soon=STOP_TAKES - timedelta(seconds=3))]


def test_an_end_of_time_makes_a_bound() -> None:
    holdings = [held(ends_at=NOW + 30 * MINUTE), held(ends_at=NOW + 20 * MINUTE), held()]
    assert foresee(NOW, BOX, holdings, [ONE, ONE]) == [
        Forecast(latest=NOW + 25 * MINUTE),
        Forecast(latest=NOW + 35 * MINUTE),
    ]


def test_who_comes_after_them_waits_for_their_ends() -> None:
    """There is one seat: the first of those that wait has it for an hour."""
    told = foresee(NOW, BOX, [held(ends_at=NOW + 20 * MINUTE)], [ONE, ONE])
    assert told[1] == Forecast(latest=NOW + (20 + 5 + 60 + 5) * MINUTE)


def test_nothing_is_said_of_plays_without_end() -> None:
    endless = Claim(memory=1, lifetime=None)
    assert foresee(NOW, BOX, [held()], [ONE]) == [Forecast()]
    told = foresee(NOW, BOX, [held(ends_at=NOW + MINUTE)], [endless, ONE])
    assert told[0].latest is not None
    assert told[1] == Forecast()


def test_nobody_small_comes_before_somebody_big() -> None:
    told = foresee(NOW, replace(BOX, free=1), [held()], [Claim(memory=2, lifetime=MINUTE), ONE])
    assert told == [Forecast(), Forecast()]


def test_starts_in_front_are_guessed_by_those_before() -> None:
    booting = [held(starting_since=NOW - timedelta(seconds=10 * each)) for each in range(4)]
    roomy = replace(BOX, free=100)
    assert foresee(NOW, roomy, booting, [ONE] * 5)[0] == Forecast(soon=timedelta(seconds=30))
    assert foresee(NOW, roomy, booting, [ONE] * 5)[4] == Forecast(soon=timedelta(seconds=90))


def test_a_start_that_nobody_measured_makes_a_bound() -> None:
    booting = [held(starting_since=NOW) for _ in range(4)]
    told = foresee(NOW, replace(BOX, free=100, start_takes=None), booting, [ONE])
    assert told == [Forecast(latest=NOW + 10 * MINUTE)]


def test_with_room_it_is_now() -> None:
    assert foresee(NOW, replace(BOX, free=1, start_takes=None), [], [ONE]) == [Forecast(soon=timedelta())]


# -- whatever there is -------------------------------------------------------------------------------------------------

spans = st.integers(0, 200).map(lambda count: count * MINUTE)
holdings = st.builds(
    Holding,
    memory=st.integers(1, 4),
    ends_at=st.none() | spans.map(lambda span: NOW + span),
    leaving_since=st.none() | spans.map(lambda span: NOW - min(span, 5 * MINUTE)),
    starting_since=st.none() | spans.map(lambda span: NOW - min(span, 10 * MINUTE)),
)
claims = st.lists(st.builds(Claim, memory=st.integers(1, 4), lifetime=st.none() | spans), min_size=1, max_size=5)
boxes = st.builds(
    replace,
    st.just(BOX),
    free=st.integers(0, 4),
    boots=st.integers(1, 4),
    start_takes=st.none() | st.integers(0, 10).map(lambda count: count * MINUTE),
)


def latest(forecast: Forecast) -> datetime:
    """What it says at most; a guess counts for what it says."""
    if forecast.soon is not None:
        return NOW + forecast.soon
    return forecast.latest or datetime.max.replace(tzinfo=UTC)


@given(box=boxes, held_now=st.lists(holdings, max_size=6), waiting=claims)
def test_later_turns_are_never_told_earlier_times(box: Box, held_now: list[Holding], waiting: list[Claim]) -> None:
    told = foresee(NOW, box, held_now, waiting)
    assert len(told) == len(waiting)
    assert all(each.soon is None or each.latest is None for each in told)
    bounds = [each.latest for each in told if each.latest is not None]
    assert bounds == sorted(bounds)
    guesses = [each.soon for each in told if each.soon is not None]
    assert guesses == sorted(guesses)


@given(box=boxes, held_now=st.lists(holdings, max_size=6), waiting=claims, more=st.integers(1, 4))
def test_a_larger_box_never_bounds_later(box: Box, held_now: list[Holding], waiting: list[Claim], more: int) -> None:
    before = foresee(NOW, box, held_now, waiting)
    after = foresee(NOW, replace(box, free=box.free + more), held_now, waiting)
    assert all(latest(b) <= latest(a) for a, b in zip(before, after, strict=True))


@given(data=st.data(), box=boxes, held_now=st.lists(holdings, max_size=6), waiting=claims)
def test_the_bound_holds_whatever_happens(
    data: st.DataObject, box: Box, held_now: list[Holding], waiting: list[Claim]
) -> None:
    """People end plays sooner, starts and stops take as long as they may: nobody begins after their bound."""
    told = foresee(NOW, box, held_now, waiting)
    share = st.floats(0, 1)
    frees: list[tuple[datetime, int, int]] = []

    def until(end: datetime) -> datetime:
        return NOW + data.draw(share) * max(timedelta(), end - NOW)

    for each in held_now:
        if each.starting_since is not None:
            frees.append((until(each.starting_since + box.start_deadline), 0, 1))
        if each.leaving_since is not None:
            frees.append((until(each.leaving_since + box.stop_deadline), each.memory, 0))
        elif each.ends_at is not None:
            frees.append((until(max(NOW, each.ends_at) + box.stop_deadline), each.memory, 0))
    free = box.free
    boots = box.boots - sum(each.starting_since is not None for each in held_now)
    now = NOW
    for claim, forecast in zip(waiting, told, strict=True):
        while frees and (free < claim.memory or boots < 1):
            at, memory, slots = min(frees)
            frees.remove((at, memory, slots))
            now, free, boots = max(now, at), free + memory, boots + slots
        if free < claim.memory or boots < 1:
            assert forecast == Forecast()
            break
        if forecast.latest is not None:
            assert now <= forecast.latest
        free, boots = free - claim.memory, boots - 1
        frees.append((now + data.draw(share) * box.start_deadline, 0, 1))
        if claim.lifetime is not None:
            frees.append((now + data.draw(share) * (claim.lifetime + box.stop_deadline), claim.memory, 0))
