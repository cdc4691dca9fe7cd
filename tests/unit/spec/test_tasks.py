"""What a lesson does and checks, in the playground it is played in."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.unit.spec.test_overrides import ROOT

from labyard.errors import SpecError
from labyard.play.plan import PlayPlan, Setting, TaskKind
from labyard.spec.manifest import parse_manifest
from labyard.spec.model import Condition
from labyard.spec.resolve import resolve
from labyard.spec.tasks import check_tasks, with_lesson
from labyard.spec.written import manifest_text

TWO = ROOT / "catalog/playgrounds/nat-gateway/manifest.yaml"
ONE = """
kind: playground
name: alone
title: A machine by itself
playground:
  machines:
    - name: only
      users: [{name: laborant}]
      drives: [{source: debian-12, mount: /}]
      network: {interfaces: [{}]}
  initTasks:
    prepare: {machine: only, run: "true"}
  initConditions: {values: [{key: mode, default: easy, options: [easy, hard]}]}
"""


@dataclass(frozen=True, kw_only=True)
class Written:
    init: bool = False
    helper: bool = False
    machine: str | None = None
    user: str = "root"
    run: str = "true"
    needs: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    timeout_seconds: int = 60
    hintcheck: str | None = None
    failcheck: str | None = None
    conditions: tuple[Condition, ...] = ()


def played(tasks: dict[str, Written], **parameters: str) -> PlayPlan:
    plan = resolve(parse_manifest(ONE), parameters=parameters)
    return with_lesson(plan, tasks, lesson="challenge/x", title="A lesson of its own")


def test_a_task_without_machine_runs_on_the_only_one() -> None:
    assert list(check_tasks({"check": Written()}, parse_manifest(ONE))) == []
    plan = played({"set_up": Written(init=True), "watch": Written(helper=True), "check": Written(user="laborant")})
    assert (plan.lesson, plan.title) == ("challenge/x", "A lesson of its own")
    assert [(task.name, task.kind, task.machine) for task in plan.tasks] == [
        ("prepare", TaskKind.INIT, "only"),
        ("set_up", TaskKind.INIT, "only"),
        ("watch", TaskKind.HELPER, "only"),
        ("check", TaskKind.REGULAR, "only"),
    ]
    assert [task.needs for task in plan.tasks] == [()] * 4, "nobody waits who was not told to"
    assert plan.tasks[-1].user == "laborant"


@pytest.mark.parametrize(
    ("tasks", "path", "words"),
    [
        ({"check": Written()}, ("tasks", "check"), "does not say where it runs"),
        ({"check": Written(machine="node-02")}, ("tasks", "check", "machine"), "there is no machine `node-02`"),
        ({"prepare": Written(machine="node-01")}, ("tasks", "prepare"), "a task `prepare` of its own"),
        (
            {"check": Written(machine="node-01", conditions=(Condition(key="mode", value="x"),))},
            ("tasks", "check", "conditions", 0, "key"),
            "no start parameter `mode`",
        ),
    ],
)
def test_what_does_not_fit_its_playground(tasks: dict[str, Written], path: tuple[str | int, ...], words: str) -> None:
    text = TWO.read_text().replace("initTasks:", 'initTasks:\n    prepare: {machine: node-01, run: "true"}', 1)
    (finding,) = check_tasks(tasks, parse_manifest(text))
    assert finding.loc == path and words in finding.message


def test_conditions_drop_tasks_and_nobody_waits_for_them() -> None:
    hard = (Condition(key="mode", value="hard"),)
    tasks = {
        "more": Written(init=True, conditions=hard),
        "check": Written(needs=("more", "prepare", "prepare")),
    }
    easy, difficult = played(tasks), played(tasks, mode="hard")
    assert [task.name for task in easy.tasks] == ["prepare", "check"]
    assert easy.tasks[-1].needs == ("prepare",), "what the playground does may be waited for"
    assert difficult.tasks[-1].needs == ("more", "prepare")


def test_variables_and_scripts_reach_the_plan() -> None:
    task = Written(run="test $A", env=("A=1", "B=x=y"), hintcheck="echo h", failcheck="exit 0", timeout_seconds=7)
    plan = played({"check": task}).tasks[-1]
    assert (plan.run, plan.hintcheck, plan.failcheck, plan.timeout) == ("test $A", "echo h", "exit 0", 7)
    assert plan.env == (Setting(name="A", parts=("1",)), Setting(name="B", parts=("x=y",)))


@pytest.mark.parametrize("script", ["test x(.input) = 1", "x(.needs.prepare.stdout)"])
def test_references_are_never_run_as_text(script: str) -> None:
    for task in (
        Written(run=script),
        Written(hintcheck=script),
        Written(failcheck=script),
        Written(env=(f"A={script}",)),
    ):
        try:
            plan = played({"check": task})
        except SpecError:
            continue
        told = plan.tasks[-1].model_dump_json()
        assert "x(." not in told


def test_a_saved_play_of_a_lesson_has_the_init_tasks_alone() -> None:
    tasks = {
        "set_up": Written(init=True, needs=("prepare",)),
        "with_words": Written(init=True, env=("A=1",)),
        "after": Written(init=True, needs=("with_words", "set_up")),
        "check": Written(),
        "watch": Written(helper=True),
    }
    again = resolve(parse_manifest(manifest_text(played(tasks))))
    assert [(task.name, task.needs) for task in again.tasks] == [
        ("prepare", ()),
        ("set_up", ("prepare",)),
        ("after", ("set_up",)),
    ]
    assert again.lesson == ""
