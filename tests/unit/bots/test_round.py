"""Whole rounds in a lab made of nothing: what is proven, what is caught, and that nothing is left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.bots.fake_lab import Content, FakeLab, FakePlay, done

from labyard.bots.cases import choose
from labyard.bots.lab import AwayError
from labyard.bots.limits import Limits
from labyard.bots.pace import Pace
from labyard.bots.patient import PatientLab
from labyard.bots.plays import Ours
from labyard.bots.results import Outcome, Result, Round
from labyard.bots.round import News, Running, stock_of
from labyard.errors import CapacityError

MARKED = "# session: root@node-02\n"


class Rounds:
    """Plays rounds in a lab, and looks after each that nothing is left."""

    def __init__(self, lab: FakeLab, limits: Limits) -> None:
        self.lab = lab
        self.limits = limits
        self.ours = Ours()
        self.news: list[News] = []
        self.internet = False
        self.patience = 30.0

    def hurry(self, **limits: float) -> None:
        self.limits = replace(self.limits, **limits)

    async def running(self, *, names: Sequence[str] = (), parallel: int | None = 1, **more: Any) -> Running:
        lab = PatientLab(self.lab, patience=self.patience, pause=0.001)
        cases = choose(await stock_of(lab), names, internet=self.internet)
        pace = Pace(lab, self.ours, parallel, look_every=0.005)
        return Running(lab, cases, ours=self.ours, pace=pace, limits=self.limits, tell=self.news.append, **more)

    async def play(self, **more: Any) -> Round:
        played = await (await self.running(**more)).run()
        assert self.lab.alive == []
        assert list(self.ours) == []
        return played

    async def one(self, **more: Any) -> Outcome:
        (outcome,) = (await self.play(**more)).outcomes
        return outcome


@pytest.fixture
def rounds(lab: FakeLab, limits: Limits) -> Rounds:
    return Rounds(lab, limits)


async def test_a_lesson_that_is_solved_is_proven(lab: FakeLab, rounds: Rounds) -> None:
    content = Content(
        checks={"route": done("route"), "name": done("name")}, needs={"name": ("route",)}, helpers=("noise",)
    )
    lab.add_lesson("nat", content, f"do route\n{MARKED}do name\n", "do name\ndo route\n")
    played = await rounds.play()
    assert [(outcome.case, outcome.result) for outcome in played.outcomes] == [
        ("solution-1", Result.PASSED),
        ("solution-2", Result.PASSED),
    ]
    assert (played.red, played.complete, played.words) == (False, True, "2 passed")
    assert lab.ran[:2] == [
        ("node-01", None, "set -exuo pipefail\ndo route\n"),
        ("node-02", "root", "set -exuo pipefail\ndo name\n"),
    ]
    assert len(lab.all) == 2  # a fresh attempt each


async def test_sabotage_a_broken_solution(lab: FakeLab, rounds: Rounds) -> None:
    rounds.hurry(work=1.0)
    lab.add_lesson("typo", Content(checks={"up": done("up")}), "do upp\n")
    lab.add_lesson("stops", Content(checks={"up": done("up")}), f"true\n{MARKED}exit 3\n{MARKED}do up\n")
    typo, stops = (await rounds.play()).outcomes
    assert (typo.result, typo.words) == (Result.FAILED, "not completed: task up, exit status 1: not yet")
    assert (stops.result, stops.words) == (
        Result.FAILED,
        "chunk 2 (line 2) on node-02 ended with exit status 3: + exit 3",
    )


async def test_sabotage_a_check_that_is_always_green(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_lesson("green", Content(checks={"real": done("x"), "nothing": lambda _play: True}), "do x\n")
    outcome = await rounds.one()
    assert (outcome.result, outcome.words) == (Result.FAILED, "green before anything was done: task nothing")
    assert lab.ran == []  # the solution was not even begun


async def test_sabotage_a_flaky_check(lab: FakeLab, rounds: Rounds) -> None:
    def every_other(play: FakePlay) -> bool:
        return "x" in play.done and list(lab.all).index(play.id) % 2 == 0

    lab.add_lesson("flaky", Content(checks={"sometimes": every_other}), "do x\n")
    rounds.hurry(work=1.0)
    played = await rounds.play(repeat=3)
    (outcome,) = played.outcomes
    assert (outcome.result, outcome.passed, len(outcome.tried)) == (Result.FLAKY, 2, 3)
    assert outcome.words == "1 of 3 failed: not completed: task sometimes, exit status 1: not yet"
    assert played.red


async def test_a_check_that_nobody_carries_out_is_not_red(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_lesson("stuck", Content(checks={"a": done("x")}, needs={"a": ("noise",)}, helpers=("noise",)), "do x\n")
    rounds.hurry(work=0.3)
    outcome = await rounds.one()
    assert outcome.words == "not carried out twice: task a, 0 of 2 times"
    assert lab.ran == []


async def test_a_task_that_fails_for_good_ends_the_attempt(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_lesson("trap", Content(checks={"a": done("x")}, fails_on={"a": "wrong"}), "do wrong\n")
    assert (await rounds.one()).words == "failed for good: task a, exit status 1: not yet"


async def test_what_cannot_start_is_broken(lab: FakeLab, rounds: Rounds) -> None:
    rounds.hurry(start=0.3)
    checks = {"a": done("x")}
    lab.add_lesson("prepares-badly", Content(checks=checks, init_fails=True), "do x\n")
    lab.add_lesson("too-large", Content(checks=checks, refused=CapacityError("more than this box holds")), "do x\n")
    lab.add_lesson("unreadable", Content(checks=checks), "do x\n", problem="cannot be read: no title")
    lab.add_lesson("hangs", Content(checks=checks, never_ready=True), "do x\n")
    played = await rounds.play(parallel=4)
    assert {(outcome.name, outcome.result) for outcome in played.outcomes} == {
        (name, Result.BROKEN) for name in ("prepares-badly", "too-large", "unreadable", "hangs")
    }
    words = {outcome.name: outcome.words for outcome in played.outcomes}
    assert words["prepares-badly"] == "task prepare, exit status 3: apt: no"
    assert words["too-large"] == "could not start: more than this box holds"
    assert words["hangs"] == "was not ready after 0 s: node-01: booting; node-02: booting"


async def test_a_script_that_cannot_be_read_names_its_lines(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_lesson("bad", Content(), "true\n# session:\ntrue\n# session: x y\ntrue\n")
    words = (await rounds.one()).words
    assert "solution-1:2:1: this mark names no machine" in words
    assert "solution-1:4:1: 'y' is not understood" in words
    assert lab.all == {}
    lab.add_lesson("nowhere", Content(checks={"a": done("x")}), "do x\n# session: node-3\ntrue\n")
    outcome = await rounds.one(names=["nowhere"])
    assert outcome.words == "chunk 2 (line 2): there is no machine node-3; there are node-01, node-02"
    assert lab.ran == []


async def test_solutions_that_cannot_be_read_keep_nobody_else_from_being_tried(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_lesson("unread", Content(), "true\n")
    lab.add_lesson("nat", Content(checks={"a": done("x")}), "do x\n")
    lab.unreadable.add("unread")
    unread, nat = (await rounds.play()).outcomes
    assert (unread.result, unread.words) == (Result.BROKEN, "its solutions cannot be read: not UTF-8")
    assert nat.result is Result.PASSED


async def test_a_playground_starts_cold_and_warm_and_all_machines_answer(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_playground("lan")
    lab.add_playground("mute", Content(mute=True))
    lab.add_playground("unprepared", Content(init_fails=True))
    lab.add_playground("empty", Content(machines=()))
    played = await rounds.play(parallel=3)
    told = {(outcome.name, outcome.case): (outcome.result, outcome.words) for outcome in played.outcomes}
    assert told["lan", "cold"] == told["lan", "warm"] == (Result.PASSED, "")
    assert told["mute", "cold"] == (
        Result.FAILED,
        "machine node-01 does not answer: the examiner does not answer",
    )
    assert told["unprepared", "warm"] == (Result.FAILED, "task prepare, exit status 3: apt: no")
    assert told["empty", "cold"] == (Result.FAILED, "it has no machine")
    assert lab.prepared.count("lan") == 1
    assert sorted(play.cold for play in lab.all.values() if play.name == "lan") == [False, True]


async def test_what_needs_the_internet_is_not_run_unless_told_to(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_playground("k8s", internet=True)
    lab.add_lesson("pods", Content(checks={"a": done("x")}), "do x\n", playground="k8s")
    played = await rounds.play()
    assert {outcome.result for outcome in played.outcomes} == {Result.NOT_RUN}
    assert {outcome.words for outcome in played.outcomes} == {"it needs the internet"}
    assert (played.red, lab.all) == (False, {})
    rounds.internet = True
    assert (await rounds.play()).words == "3 passed"


async def test_what_a_script_leaves_behind_is_not_waited_for(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_lesson("server", Content(checks={"up": lambda play: play.left_behind > 0}), "serve &\n")
    assert (await rounds.one()).result is Result.PASSED


async def test_a_script_that_hangs_is_ended(lab: FakeLab, rounds: Rounds) -> None:
    rounds.hurry(work=1.0)
    lab.add_lesson("hangs", Content(checks={"a": done("x")}), "do x\nhang\n")
    outcome = await rounds.one()
    assert (outcome.result, outcome.words) == (Result.FAILED, "chunk 1 (line 1) did not end in time")


async def test_tries_and_reboots(lab: FakeLab, rounds: Rounds) -> None:
    content = Content(checks={"a": done("x")})
    lab.add_lesson("again", content, "# session: node-01 retry=2\ndo-once-done x y\n")
    lab.add_lesson("once", content, "# session: node-01 retry=0\ndo-once-done x y\n")
    lab.add_lesson("reboots", content, f"true\nreboot\n{MARKED}do x\n")
    lab.add_lesson("vanishes", content, f"vanish\n{MARKED}do x\n")
    lab.add_lesson("only-says-so", content, "echo no reboot\ndo x\n")
    words = {outcome.name: outcome.words for outcome in (await rounds.play(parallel=3)).outcomes}
    assert words == {
        "again": "",
        "once": "chunk 1 (line 1) on node-01 ended with exit status 1: + do-once-done x y",
        "reboots": "",
        "vanishes": "chunk 1 (line 1) broke off: the machine is gone",
        "only-says-so": "",
    }


async def test_a_machine_that_takes_no_programs_for_a_moment_is_asked_again(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_lesson("just-adopted", Content(checks={"a": done("x")}), "do x\n")
    lab.refusals = 3
    assert (await rounds.one()).result is Result.PASSED


async def test_somebody_ends_the_play(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_lesson("ended", Content(checks={"a": done("x")}), "end play\n")
    outcome = await rounds.one()
    assert (outcome.result, outcome.words) == (Result.BROKEN, "the play was ended meanwhile: STOPPED")


async def test_a_server_that_is_away_for_a_while(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_lesson("nat", Content(checks={"a": done("x")}), "do x\n")
    lab.add_playground("lan")
    running = await rounds.running()

    async def leave_now_and_then() -> None:
        while True:
            lab.away = 5
            await asyncio.sleep(0.02)

    leaving = asyncio.create_task(leave_now_and_then())
    try:
        assert (await running.run()).words == "3 passed"
    finally:
        leaving.cancel()
    assert lab.alive == []


async def test_a_server_restarted_in_the_middle_of_a_script_begins_anew(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_lesson("nat", Content(checks={"a": done("x")}), "do x\n")
    lab.cut = 1
    outcome = await rounds.one()
    assert (outcome.result, len(outcome.tried), len(lab.all)) == (Result.PASSED, 1, 2)
    lab.cut = 99
    outcome = await rounds.one()
    assert outcome.result is Result.BROKEN
    assert outcome.words == "begun 3 times: the server went away during chunk 1 (line 1)"


async def test_a_play_whose_answer_was_lost_is_found_again(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_playground("lan")
    lab.loses_answers = 1
    assert (await rounds.play()).words == "2 passed"
    assert len(lab.all) == 2


async def test_a_server_that_stays_away_ends_the_round(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_playground("lan")
    rounds.patience = 0.05
    running = await rounds.running()
    lab.away_for_ever = True
    with pytest.raises(AwayError):
        await running.run()
    assert not running.result().complete


async def test_a_play_that_cannot_be_ended_is_told(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_lesson("nat", Content(checks={"a": done("x")}), "do x\n")
    lab.undestroyable = True
    played = await (await rounds.running()).run()
    (outcome,) = played.outcomes
    (play,) = lab.alive
    assert (outcome.result, outcome.words) == (
        Result.BROKEN,
        f"its play {play.id} could not be ended: it will not go",
    )
    assert list(rounds.ours) == [play.id]


@pytest.mark.parametrize("when", ["starting", "waiting for red", "chunk 1 (line 1)", "ending"])
async def test_cut_at_any_time_all_plays_end(lab: FakeLab, rounds: Rounds, when: str) -> None:
    lab.add_lesson("long", Content(checks={"a": done("x")}), "hang\n" if "chunk" in when else "do x\n")
    lab.add_lesson("long-too", Content(checks={"a": done("x")}), "hang\n" if "chunk" in when else "do x\n")
    running = await rounds.running(parallel=2)
    task = asyncio.create_task(running.run())
    while not any(news.doing == when for news in rounds.news):  # noqa: ASYNC110 - news are a list
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert lab.alive == []
    assert list(rounds.ours) == []
    assert not running.result().complete


async def test_what_is_kept_of_an_attempt(lab: FakeLab, rounds: Rounds, tmp_path: Path) -> None:
    content = Content(checks={"a": done("x")})
    lab.add_lesson("../nat", content, f"flood\ndo x\n{MARKED}true\n")
    outcome = await rounds.one(folder=tmp_path)
    folder = tmp_path / outcome.tried[0].folder
    assert outcome.tried[0].folder == "challenge/_nat/solution-1-1"
    assert sorted(path.name for path in folder.iterdir()) == [
        "chunk-01.log",
        "chunk-02.log",
        "console-node-01.txt",
        "console-node-02.txt",
        "diary.json",
        "tasks.json",
        "tasks.jsonl",
    ]
    log = (folder / "chunk-01.log").read_bytes()
    assert len(log) < 1100 << 10
    assert b"bytes left out" in log
    assert log.endswith(b"+ do x\n")
    lines = [json.loads(line) for line in (folder / "tasks.jsonl").read_text().splitlines()]
    assert lines[0]["tasks"]["a"]["status"] == 30
    assert lines[-1]["tasks"]["a"]["status"] == 40
    assert json.loads((folder / "tasks.json").read_text())["a"]["exitCode"] == 0
    assert "stateEvents" in json.loads((folder / "diary.json").read_text())["play"]["status"]


async def test_people_go_first(lab: FakeLab, rounds: Rounds) -> None:
    for name in "abcdef":
        lab.add_lesson(name, Content(checks={"a": done("x")}), "do x\n")
    await rounds.play(parallel=None)
    assert lab.most == 6
    lab.most = 0
    guest = lab.add_others()
    running = await rounds.running(parallel=None)
    assert (await running.run()).words == "6 passed"
    assert lab.most == 1
    assert lab.alive == [guest]


def news_of(rounds: Rounds, wanted: Callable[[News], bool]) -> list[News]:
    return [news for news in rounds.news if wanted(news)]


async def test_news_tell_every_step(lab: FakeLab, rounds: Rounds) -> None:
    lab.add_lesson("nat", Content(checks={"a": done("x")}), "do x\n")
    await rounds.play()
    assert [news.doing for news in rounds.news] == [
        "starting",
        "waiting for red",
        "chunk 1 (line 1)",
        "waiting for green",
        "keeping what there is to see",
        "ending",
        "",
    ]
    assert len(news_of(rounds, lambda news: news.tried is not None)) == 1
