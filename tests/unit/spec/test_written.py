"""A plan written down and read again is the same plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import event, given
from hypothesis import strategies as st
from tests.unit.spec.test_properties import dump, labs

from labyard.errors import SpecError
from labyard.play.plan import PlayPlan
from labyard.spec.manifest import check, parse_manifest
from labyard.spec.resolve import resolve
from labyard.spec.written import manifest_text

CASES = Path(__file__).parent / "cases"
CATALOG = Path(__file__).parents[3] / "catalog" / "playgrounds"
GOOD = [
    *sorted(CATALOG.glob("*/manifest.yaml")),
    CASES / "everything" / "manifest.yaml",
    CASES / "minimal/manifest.yaml",
]
PLANS = sorted(CASES.glob("*/plan.json"))


def as_written(plan: PlayPlan) -> PlayPlan:
    """Less what is not written down."""
    parameters = {key: value for key, value in plan.parameters.items() if value}
    return plan.model_copy(update={"notes": (), "parameters": parameters, "one_off": False})


def again(plan: PlayPlan, **more: Any) -> PlayPlan:
    return resolve(parse_manifest(manifest_text(plan, **more)))


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.parent.name)
def test_plans_of_the_cases(path: Path) -> None:
    plan = PlayPlan.model_validate(json.loads(path.read_text()))
    assert again(plan) == as_written(plan)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.parent.name)
def test_what_ships_and_all_there_is(path: Path) -> None:
    plan = resolve(parse_manifest(path.read_text()))
    saved = plan.model_copy(update={"snapshot": "0123abcd", "playground": "mine"})
    assert again(saved, base=plan.playground, description="Saved.") == as_written(saved)
    warnings = [problem for problem in check(manifest_text(saved)) if "ignored" in problem.message]
    assert warnings == []


TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
LINES = st.text("ab:#- \t\n|>'\"\\{}[]&*!%@`\r\x85\u2028é", max_size=30)
NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
WORDS = st.sampled_from(["yes", "null", "~", "1.10", "0x1f", "6.1", "on", "1e3", "2026-01-02", "=", "<<"])


@st.composite
def full_labs(draw: st.DrawFn) -> dict[str, Any]:
    """`labs`, with texts, files, tasks, tabs and parameters nobody would write."""
    lab = draw(labs())
    playground = lab["playground"]
    names = [machine["name"] for machine in playground["machines"]]
    for machine in playground["machines"]:
        machine["users"] = draw(
            st.sampled_from(
                [
                    [{"name": "root"}],
                    [{"name": "a"}, {"name": "b", "default": True, "welcome": draw(TEXT)}],
                    [{"name": "yes", "welcome": "-"}],
                ]
            )
        )
        machine["startupFiles"] = draw(
            st.lists(
                st.builds(
                    lambda content, mode, owner: {"path": "/etc/x", "content": content, "mode": mode, "owner": owner},
                    TEXT | LINES,
                    st.sampled_from(["644", "0007", "1777", "000"]),
                    st.sampled_from(["0:0", "root", "1000"]),
                ),
                max_size=1,
            )
        )
        machine["drives"] += draw(
            st.lists(
                st.sampled_from(
                    [{"size": "10MiB"}, {}, {"filesystem": "xfs", "size": "1GiB"}, {"mount": "/data", "readOnly": True}]
                ),
                max_size=2,
                unique_by=str,
            )
        )
        machine["noSSH"] = draw(st.booleans())
        machine["init"] = draw(st.sampled_from(["auto", "image", "examiner"]))
        machine["identity"] = draw(st.sampled_from(["shared", "fresh"]))
        machine["resources"] = draw(st.sampled_from([{}, {"cpuCount": 1}, {"cpuCount": 64, "ramSize": "900GiB"}]))
    for network in playground["networks"]:
        network["subnet"] = network["subnet"].replace("/29", "/24").replace("/28", "/24")
    scripts = (TEXT | LINES).map(lambda text: f"true {text}")
    tasks = draw(st.dictionaries(NAMES | st.sampled_from(["yes", "null", "0x1f", "1e3"]), scripts, max_size=3))
    playground["initTasks"] = {
        name: {"machine": draw(st.sampled_from(names)), "run": script, "afterFork": draw(st.booleans())}
        for name, script in tasks.items()
    }
    playground["initConditions"] = {
        "values": [
            {"key": key, "default": value}
            for key, value in draw(
                st.dictionaries(NAMES | st.sampled_from(["a b", "null", "1.10"]), TEXT | WORDS, max_size=3)
            ).items()
        ]
    }
    playground["warm"] = draw(st.booleans())
    playground["portForwards"] = draw(
        st.lists(st.sampled_from([{"remotePort": 80}, {"kind": "remote", "localPort": 8080, "localHost": "::1"}]))
    )
    lab["title"] = draw(st.sampled_from(["A lab", "null # no", "é: 12345", "'\"quoted\"'", "12345", "- a list"]))
    return lab


@given(full_labs())
def test_any_plan(lab: dict[str, Any]) -> None:
    try:
        plan = resolve(parse_manifest(dump(lab)))
    except SpecError:
        event("refused")
        return
    event("resolved")
    assert again(plan) == as_written(plan)


def test_scripts_stay_readable() -> None:
    plan = resolve(parse_manifest((CASES / "everything" / "manifest.yaml").read_text()))
    text = manifest_text(plan)
    assert "run: |" in text and "&id" not in text
    assert yaml.safe_load(text)["kind"] == "playground"
