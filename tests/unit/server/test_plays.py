from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.server.conftest import House

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def until(house: House, play_id: str, *states: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    async with asyncio.timeout(5):
        with house.services.plays.changes.follow(play_id) as changed:
            while True:
                changed.clear()
                play: dict[str, Any] = (await house.http.get(f"/api/plays/{play_id}", headers=headers)).json()
                if play["status"]["stateEvents"][-1]["state"] in states:
                    return play
                await changed.wait()


async def started(house: House, name: str = "demo") -> dict[str, Any]:
    answer = await house.http.post("/api/plays", json={"playground": name})
    assert answer.status_code == 200, answer.text
    return await until(house, answer.json()["id"], "RUNNING", "FAILED")


async def act(house: House, play: dict[str, Any], action: str, **more: object) -> Any:
    return await house.http.post(f"/api/plays/{play['id']}/actions", json={"action": action, **more})


def check_types(value: Any, shape: Any, path: str = "play") -> None:
    """`shape` names what labctl decodes; a wrong JSON type fails its command."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), path
        for name, inner in shape.items():
            assert name in value, f"{path}.{name}"
            check_types(value[name], inner, f"{path}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), path
        for each in value:
            check_types(each, shape[0], f"{path}[]")
    elif isinstance(shape, re.Pattern):
        assert isinstance(value, str) and shape.fullmatch(value), f"{path}: {value!r}"
    else:
        assert type(value) is shape, f"{path}: {value!r}"


PLAY = {
    "id": re.compile("[0-9a-f]{24}"),
    "title": str,
    "createdAt": RFC3339,
    "updatedAt": RFC3339,
    "expiresIn": int,
    "maxPlayTime": re.compile(r"(\d+h)?(\d+m)?(\d+s)?"),
    "playground": {"name": str},
    "tutorialName": str,
    "challengeName": str,
    "courseName": str,
    "pageUrl": re.compile(r"http://.+/plays/[0-9a-f]{24}"),
    "machines": [
        {
            "name": str,
            "users": [{"name": str, "default": bool, "welcome": str}],
            "resources": {"cpuCount": int, "ramSize": str},
        }
    ],
    "tasks": dict,
    "status": {
        "stateEvents": [{"state": str, "error": bool, "at": RFC3339}],
        "machines": [{"name": str, "state": str, "conditions": [{"name": str, "status": str}]}],
        "message": str,
        "notes": [str],
    },
}  # fmt: skip
TASK = {"name": str, "init": bool, "helper": bool, "status": int, "version": int}
DETAILS = {
    **TASK, "machine": str, "needs": [str], "run": str, "env": [str], "user": str, "timeoutSeconds": int,
    "exitCode": int, "stdout": str, "stderr": str, "lastRunAt": str, "lastDurationMs": int,
}  # fmt: skip


async def test_a_play_lives_and_ends(house: House) -> None:
    play = await started(house)
    assert [machine["state"] for machine in play["status"]["machines"]] == ["RUNNING", "RUNNING"]
    answer = await act(house, play, "destroy")
    assert answer.json()["id"] == play["id"]
    play = await until(house, play["id"], "DESTROYED")
    assert play["status"]["reason"] == "destroyed"
    assert not house.host.journal.plays
    assert (await house.http.get(f"/api/plays/{play['id']}")).status_code == 200


async def test_the_play_has_the_types_labctl_decodes(house: House) -> None:
    answer = await house.http.post("/api/plays", json={"playground": "demo"})
    check_types(answer.json(), PLAY)
    assert answer.json()["machines"] and set(answer.json()["tasks"]) == {"init_a", "init_b"}
    play = await until(house, answer.json()["id"], "RUNNING")
    check_types(play, PLAY)
    for task in play["tasks"].values():
        check_types(task, TASK)
        assert task["status"] == 40
    for machine in play["status"]["machines"]:
        (ready,) = machine["conditions"]
        assert (ready["name"], ready["status"]) == ("Ready", "True")
        check_types(ready["lastTransitionAt"], RFC3339)
    assert 0 < play["expiresIn"] <= 8 * 3600 * 1000 and play["maxPlayTime"] == "8h"
    for each in (await house.http.get("/api/plays")).json():
        check_types(each, PLAY)
    details = (await house.http.get(f"/api/plays/{play['id']}/tasks")).json()
    assert [each["name"] for each in details] == ["init_a", "init_b"]
    for each in details:
        check_types(each, DETAILS)
    only = (await house.http.get(f"/api/plays/{play['id']}/tasks", params={"machine": "node-02"})).json()
    assert [each["name"] for each in only] == ["init_b"]


async def test_what_machines_take_while_they_are_there(house: House) -> None:
    play = await started(house)
    address = f"/api/plays/{play['id']}/load"
    told = (await house.http.get(address)).json()
    assert [each["name"] for each in told["machines"]] == ["node-01", "node-02"]
    for each in told["machines"]:
        assert each["cpus"] == 2 and each["cpuSeconds"] > 0
        assert (each["memory"], each["memoryTotal"]) == (128 << 20, 512 << 20)
    assert (await house.http.get(address)).json() == told, "who asks at the same time gets the same"
    await act(house, play, "stop")
    await until(house, play["id"], "STOPPED")
    assert (await house.http.get(address)).json()["machines"] == []
    assert (await house.http.get(f"/api/plays/{'0' * 24}/load")).status_code == 404


async def test_labctls_bodies_carry_no_content_type(house: House) -> None:
    content = b'{"playground":"demo","safetyDisclaimerConsent":false,"asFreeTierUser":true}\n'
    assert (await house.http.post("/api/plays", content=content)).status_code == 200


async def test_stop_and_restart(house: House) -> None:
    play = await started(house)
    assert (await act(house, play, "stop")).json()["status"]["stateEvents"][-1]["state"] == "STOPPING"
    stopped = await until(house, play["id"], "STOPPED")
    assert stopped["status"]["reason"] == "stopped" and stopped["expiresIn"] == 0
    assert (await act(house, play, "stop")).status_code == 200
    assert (await act(house, play, "restart")).json()["status"]["stateEvents"][-1]["state"] == "STARTING"
    again = await until(house, play["id"], "RUNNING")
    assert again["status"]["reason"] is None and again["expiresIn"] > 0


async def test_small_actions(house: House) -> None:
    play = await started(house)
    assert (await act(house, play, "set_title", title="Mine")).json()["title"] == "Mine"
    longer = (await act(house, play, "set_max_play_time", maxPlayTimeMinutes=90)).json()
    assert longer["maxPlayTime"] == "1h30m" and 5_300_000 < longer["expiresIn"] <= 5_400_000
    kept = (await act(house, play, "make_persistent")).json()
    assert kept["persistent"] is True and kept["expiresIn"] == 0
    listed = (await house.http.get("/api/plays", params={"persistent": "true"})).json()
    assert [each["id"] for each in listed] == [play["id"]]
    for verb in ("reboot", "stop", "restart"):
        assert (await act(house, play, f"machine.{verb}", machine="node-01")).status_code == 200
    assert (await act(house, play, "machine.console.list", machine="node-01")).json() == {"consoles": ["console.log"]}
    read = (await act(house, play, "machine.console.read", machine="node-01", console="console.log")).json()
    assert "node-01" in read["content"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "levitate"}, 400),
        ({"action": "machine.reboot"}, 400),
        ({"action": "machine.reboot", "machine": "nobody"}, 404),
        ({"action": "set_title"}, 400),
        ({"action": "set_title", "title": "x" * 1000}, 400),
        ({"action": "set_title", "title": "a\nb"}, 400),
        ({"action": "set_max_play_time", "maxPlayTimeMinutes": 0}, 400),
        ({"action": "set_max_play_time", "maxPlayTimeMinutes": 1 << 70}, 400),
        ({"action": "set_max_play_time", "maxPlayTimeMinutes": "90"}, 400),
        ({"action": "restart"}, 409),
        ({"action": 7}, 400),
        ([], 400),
    ],
)
async def test_wrong_actions(house: House, body: object, status: int) -> None:
    play = await started(house)
    answer = await house.http.post(f"/api/plays/{play['id']}/actions", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]


async def test_actions_in_the_wrong_state(house: House) -> None:
    play = await started(house)
    await act(house, play, "stop")
    await until(house, play["id"], "STOPPED")
    assert (await act(house, play, "machine.reboot", machine="node-01")).status_code == 409
    await act(house, play, "destroy")
    assert (await act(house, play, "restart")).status_code == 409
    assert (await act(house, play, "make_persistent")).status_code == 409
    assert (await act(house, play, "destroy")).status_code == 200


@pytest.mark.parametrize("play_id", ["0" * 24, "x", "../../etc/passwd", "A" * 24, "0" * 5000])
async def test_unknown_plays(house: House, play_id: str) -> None:
    for answer in (
        await house.http.get(f"/api/plays/{play_id}"),
        await house.http.post(f"/api/plays/{play_id}/actions", json={"action": "stop"}),
        await house.http.post(f"/api/plays/{play_id}/conns"),
        await house.http.get(f"/api/plays/{play_id}/tasks"),
    ):
        assert answer.status_code == 404 and answer.json()["error"]["code"] == "not-found"


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[1]", b'"x"', b"\xff", b"[" * 100_000, b'{"playground": 5}'])
async def test_malformed_bodies(house: House, content: bytes) -> None:
    answer = await house.http.post("/api/plays", content=content)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "bad-request"
    assert not (await house.http.get("/api/plays")).json()


async def test_a_huge_body(house: House) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b"x" * 65536

    for content in (b"x" * (1 << 20) + b"x", endless()):
        answer = await house.http.post("/api/plays", content=content)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too-large")


async def test_a_wrong_manifest_tells_every_problem_and_makes_nothing(house: House) -> None:
    manifest = "kind: playground\nname: x\ntitle: Some title\nplayground:\n  machinez: []\n"
    answer = await house.http.post("/api/plays", json={"manifest": manifest, "manifestName": "lab.yaml"})
    assert answer.status_code == 422
    problems = answer.json()["error"]["problems"]
    assert {(each["file"], each["line"]) for each in problems} >= {("lab.yaml", 5)}
    assert not (await house.http.get("/api/plays")).json()


async def test_wrong_parameters_make_nothing(house: House) -> None:
    answer = await house.http.post("/api/plays", json={"playground": "demo", "initConditions": {"nope": "1"}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "spec-invalid")
    assert (await house.http.post("/api/plays", json={"playground": "nope"})).status_code == 404


async def test_more_than_the_box_can_ever_hold_makes_nothing(house: House) -> None:
    house.host.memory = 512 << 20
    answer = await house.http.post("/api/plays", json={"playground": "demo"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "capacity")
    assert "1024 MiB" in answer.json()["error"]["message"]
    assert not (await house.http.get("/api/plays")).json()


async def test_no_room_now_is_a_queue(house: House) -> None:
    house.host.memory = 1 << 30
    first = await started(house)
    waiting = [(await house.http.post("/api/plays", json={"playground": "demo"})).json() for _ in range(2)]
    second = (await house.http.get(f"/api/plays/{waiting[1]['id']}")).json()
    assert second["status"]["stateEvents"][-1]["state"] == "CREATED"
    assert second["status"]["message"].startswith("Waiting for room on this box, place 2.")
    await act(house, first, "destroy")
    await until(house, waiting[0]["id"], "RUNNING")
    status = (await house.http.get(f"/api/plays/{waiting[1]['id']}")).json()["status"]
    assert status["queue"]["place"] == 1 and "place 1." in status["message"]


async def test_who_waits_is_told_when_it_begins_at_the_latest(house: House) -> None:
    house.host.memory = 1 << 30
    first = await started(house)
    until_end = first["expiresIn"] / 1000
    waiting = (await house.http.post("/api/plays", json={"playground": "demo"})).json()["id"]
    await asyncio.sleep(0.6)  # who has just come is not looked for at once
    status = (await house.http.get(f"/api/plays/{waiting}")).json()["status"]
    queue = status["queue"]
    assert queue["place"] == 1 and queue["startsIn"] is None and queue["startsBy"].endswith("Z")
    left = (datetime.fromisoformat(queue["startsBy"]) - datetime.now(UTC)).total_seconds()
    assert until_end < left + 60 < until_end + 600  # with the time that a stop may take
    assert "in 9 hours at the latest, if none is given more time." in status["message"]
    await act(house, first, "set_max_play_time", maxPlayTimeMinutes=61)
    assert (await house.http.get(f"/api/plays/{first['id']}")).json()["status"]["queue"] is None


async def test_starts_are_limited(house: House) -> None:
    statuses = [(await house.http.post("/api/plays", json={"playground": "demo"})).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [409]


async def test_the_catalog(house: House) -> None:
    listed = {each["name"]: each for each in (await house.http.get("/api/playgrounds")).json()}
    assert set(listed) == {"demo", "broken"}
    assert listed["demo"]["owner"] == "" and listed["demo"]["description"] == "For tests."
    assert any("machinez" in problem for problem in listed["broken"]["problems"])
    answer = await house.http.post("/api/plays", json={"playground": "broken"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "spec-invalid")
    extended = (await house.http.get("/api/playgrounds/demo", params={"format": "extended"})).json()
    assert [machine["name"] for machine in extended["machines"]] == ["node-01", "node-02"]
    assert extended["initTasks"]["init_b"]["needs"] == ["init_a"]
    assert (await house.http.get("/api/playgrounds/nope")).status_code == 404


async def test_routes_that_are_not_built(house: House) -> None:
    for method, path in (
        ("POST", "/api/plays/x/tunnels"),
        ("POST", "/api/vendors"),
        ("GET", "/api/vendors"),
    ):
        answer = await house.http.request(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (501, "not-built"), path
    assert (await house.http.get("/api/nothing")).json()["error"]["code"] == "not-found"
    assert (await house.http.put("/api/plays")).status_code == 405


async def test_images_and_kernels(house: House) -> None:
    lines = (await house.http.post("/api/images/pull", json={"source": "debian-12"})).text.splitlines()
    assert len(lines) == 4 and '"finished":true' in lines[-1]
    lines = (await house.http.post("/api/images/pull", json={"source": "missing"})).text.splitlines()
    assert '"error"' in lines[-1] and "does not exist" in lines[-1]
    answer = await house.http.post("/api/images/import", params={"name": "mine"}, content=b"x" * (2 << 20))
    assert '"finished":true' in answer.text.splitlines()[-1]
    assert not list(house.services.scratch.iterdir())
    assert [image["source"] for image in (await house.http.get("/api/images")).json()] == ["debian-12", "mine"]
    assert (await house.http.delete("/api/images", params={"source": "mine"})).status_code == 200
    assert (await house.http.delete("/api/images", params={"source": "mine"})).status_code == 404
    assert (await house.http.post("/api/images/gc")).json()["freed"] == 1
    assert (await house.http.post("/api/kernels/pull", json={"version": "6.12"})).status_code == 200
    assert len((await house.http.get("/api/kernels")).json()) == 2


async def test_openapi_and_capacity(house: House) -> None:
    paths = (await house.http.get("/openapi.json")).json()["paths"]
    assert {"/api/plays", "/api/plays/{play_id}/actions", "/api/playgrounds", "/healthz"} <= set(paths)
    assert (await house.http.get("/api/capacity")).json()["memory"] == house.host.memory


async def test_debug(house: House) -> None:
    play = await started(house)
    told = (await house.http.get(f"/api/plays/{play['id']}/debug")).json()
    assert [machine["name"] for machine in told["machines"]] == ["node-01", "node-02"]
    console = await house.http.get(f"/api/plays/{play['id']}/machines/node-01/console")
    assert console.headers["content-type"].startswith("text/plain")
