"""Regular and helper tasks, run by the real examiner: what each field of a task means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.unit.link.talk import LIMIT, gone

from labyard.errors import GuestError
from labyard.machine.link import GuestLink, RefusedError

ATTEMPT = "a" * 24
State = dict[str, Any]


class Heard:
    """The last state of each task that the examiner told."""

    def __init__(self, link: GuestLink) -> None:
        self.link = link
        self.states: dict[str, State] = {}
        self.others: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    async def listen(self) -> None:
        with suppress(GuestError):
            async for event in self.link.events():
                if event.get("event") == "task-state":
                    self.take(event["state"])
                else:
                    self.others.append(event)
                self._news.set()

    def take(self, state: State) -> None:
        self.states[state["name"]] = state
        self._news.set()

    async def until(self, name: str, holds: Callable[[State], bool]) -> State:
        async with asyncio.timeout(LIMIT):
            while not (name in self.states and holds(self.states[name])):
                self._news.clear()
                await self._news.wait()
        return self.states[name]

    async def status(self, name: str, status: int) -> State:
        return await self.until(name, lambda state: state["status"] == status)

    async def assign(
        self, *tasks: dict[str, Any], attempt: str = ATTEMPT, states: dict[str, State] | None = None
    ) -> None:
        await self.link.call("attempt", attempt=attempt)
        for given in tasks:
            task = {"machine": "here", "kind": "regular", "mine": True, "user": "", "timeout": 60, **given}
            state = (states or {}).get(task["name"], {"status": 10})
            answer = await self.link.call("assign", attempt=attempt, task={**task, "user": "0"}, state=state)
            if "state" in answer:
                self.take(answer["state"])
        await self.link.call("assigned", attempt=attempt)


def ran(times: int, *, exactly: bool = False) -> Callable[[State], bool]:
    return lambda state: state["runs"] == times if exactly else state["runs"] >= times


@asynccontextmanager
async def talking(guest: Path) -> AsyncIterator[Heard]:
    link = await GuestLink.connect(guest, timeout=LIMIT)
    heard = Heard(link)
    listening = asyncio.create_task(heard.listen())
    try:
        yield heard
    finally:
        await link.close()
        await listening


@pytest.fixture
async def heard(guest: Path) -> AsyncIterator[Heard]:
    async with talking(guest) as heard:
        yield heard


async def test_again_and_again_until_it_passes(heard: Heard, tmp_path: Path) -> None:
    await heard.assign({"name": "t", "run": f"echo out; echo err >&2; test -e {tmp_path}/done"})
    red = await heard.until("t", lambda state: state["runs"] >= 2)
    assert (red["status"], red["exit_code"], red["stdout"], red["stderr"]) == (30, 1, "out", "err")
    (tmp_path / "done").touch()
    green = await heard.status("t", 40)
    assert (green["exit_code"], green["hint"]) == (0, "")
    assert green["version"] > red["version"]


async def test_it_is_completed_once_and_never_looked_at_again(heard: Heard, tmp_path: Path) -> None:
    await heard.assign({"name": "t", "run": f"echo x >> {tmp_path}/runs"}, {"name": "end", "run": "sleep 2; true"})
    await heard.status("end", 40)
    assert (tmp_path / "runs").read_text() == "x\n"


async def test_needs_make_an_order_and_hand_outputs_on(heard: Heard, tmp_path: Path) -> None:
    await heard.assign(
        {
            "name": "second",
            "run": 'printf "%s|%s|%s" "$A" "$B" "$FIRST"',
            "needs": ["first"],
            "env": [
                {"name": "A", "parts": ["<", {"task": "first", "stream": "stdout"}, ">"]},
                {"name": "B", "parts": [{"task": "first", "stream": "stderr"}]},
            ],
        },
        {"name": "first", "run": f"echo '$(touch {tmp_path}/pwned)'; echo e >&2; test -e {tmp_path}/go"},
    )
    await heard.until("first", lambda state: state["runs"] >= 1)
    assert (await heard.status("second", 20))["runs"] == 0
    (tmp_path / "go").touch()
    assert (await heard.status("second", 40))["stdout"] == f"<$(touch {tmp_path}/pwned)>|e|"
    assert not (tmp_path / "pwned").exists()


async def test_needs_of_another_machine_come_by_the_host(heard: Heard) -> None:
    await heard.assign(
        {"name": "there", "machine": "there", "mine": False},
        {"name": "t", "run": "true", "needs": ["there"]},
    )
    await heard.status("t", 20)
    await heard.link.call("task-news", attempt=ATTEMPT, states=[{"name": "there", "status": 40, "version": 4}])
    await heard.status("t", 40)


async def test_input_is_data(heard: Heard, tmp_path: Path) -> None:
    evil = f"'; touch {tmp_path}/pwned; $(touch {tmp_path}/pwned) `touch {tmp_path}/pwned` \" \n*"
    await heard.assign(
        {
            "name": "t",
            "run": '[ -n "$IN" ] && printf %s "$IN"',
            "env": [{"name": "IN", "parts": [{"task": None, "stream": "stdout"}]}],
        }
    )
    assert (await heard.until("t", lambda state: state["runs"] >= 1))["status"] == 30
    await heard.link.call("task-input", name="t", value=evil)
    green = await heard.status("t", 40)
    assert (green["stdout"], green["input"]) == (evil, evil)
    assert not (tmp_path / "pwned").exists()


async def test_input_for_another_machine_is_handed_on(heard: Heard) -> None:
    await heard.assign({"name": "there", "machine": "there", "mine": False})
    await heard.link.call("task-input", name="there", value="x")
    async with asyncio.timeout(LIMIT):
        while {"event": "task-input", "name": "there", "value": "x"} not in heard.others:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_hint_is_what_hintcheck_prints(heard: Heard) -> None:
    await heard.assign({"name": "t", "run": "false", "hintcheck": "echo ' look there '; exit 7"})
    red = await heard.until("t", lambda state: state["hint"] != "")
    assert (red["hint"], red["hintcheck_exit_code"], red["status"]) == ("look there", 7, 30)


async def test_failcheck_ends_it(heard: Heard, tmp_path: Path) -> None:
    await heard.assign(
        {
            "name": "t",
            "run": f"test -e {tmp_path}/done",
            "failcheck": f"test ! -e {tmp_path}/broken || {{ echo lost; exit 3; }}",
        }
    )
    await heard.until("t", lambda state: state["runs"] >= 1)
    (tmp_path / "broken").touch()
    failed = await heard.status("t", 35)
    assert (failed["failcheck_exit_code"], failed["hint"]) == (3, "lost")


async def test_failcheck_is_not_asked_when_it_passes(heard: Heard) -> None:
    await heard.assign({"name": "t", "run": "true", "failcheck": "exit 1"})
    await heard.status("t", 40)


async def test_a_check_that_never_returns_is_tried_again(heard: Heard) -> None:
    await heard.assign({"name": "t", "run": "echo begun; sleep 1000", "timeout": 0.2})
    red = await heard.until("t", lambda state: state["runs"] >= 2)
    assert (red["timed_out"], red["status"], red["stdout"]) == (True, 30, "begun")


async def test_what_it_prints_for_ever_is_bounded(heard: Heard) -> None:
    await heard.assign({"name": "t", "run": "yes", "timeout": 0.5})
    red = await heard.until("t", lambda state: state["runs"] >= 1)
    assert red["output_cut"] is True
    assert len(red["stdout"]) <= 16 << 10


async def test_one_that_hangs_holds_up_no_other(heard: Heard) -> None:
    await heard.assign({"name": "hangs", "run": "sleep 1000"}, {"name": "t", "run": "true"})
    await heard.status("t", 40)


async def test_helpers_run_for_ever(heard: Heard, tmp_path: Path) -> None:
    await heard.assign({"name": "h", "kind": "helper", "run": f"echo x >> {tmp_path}/runs", "timeout": 0.01})
    again = await heard.until("h", lambda state: state["runs"] >= 2)
    assert again["status"] == 30


async def test_another_attempt_ends_what_ran(heard: Heard, tmp_path: Path) -> None:
    await heard.assign({"name": "h", "kind": "helper", "run": f"echo $$ > {tmp_path}/pid; exec sleep 1000"})
    async with asyncio.timeout(LIMIT):
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await heard.assign({"name": "t", "run": "true"}, attempt="b" * 24)
    await gone(int((tmp_path / "pid").read_text()))
    with pytest.raises(RefusedError, match="another attempt"):
        await heard.link.call("assigned", attempt=ATTEMPT)


async def test_it_goes_on_while_nobody_listens(guest: Path, tmp_path: Path) -> None:
    tasks = [{"name": "t", "run": f"test -e {tmp_path}/done && echo once >> {tmp_path}/runs"}]
    async with talking(guest) as heard:
        await heard.assign(*tasks)
        await heard.until("t", lambda state: state["runs"] >= 1)
    (tmp_path / "done").touch()
    async with asyncio.timeout(LIMIT):
        while not (tmp_path / "runs").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    async with talking(guest) as heard:
        await heard.assign(*tasks)  # as a restarted host does, who knows nothing of it
        await heard.status("t", 40)
    assert (tmp_path / "runs").read_text() == "once\n"


async def test_what_the_host_knows_to_be_over_is_not_run(heard: Heard, tmp_path: Path) -> None:
    await heard.assign(
        {"name": "t", "run": f"touch {tmp_path}/ran"},
        {"name": "end", "run": "true"},
        states={"t": {"status": 40, "version": 3}},
    )
    await heard.status("end", 40)
    assert not (tmp_path / "ran").exists()


async def test_a_user_that_is_not_there(heard: Heard) -> None:
    await heard.link.call("attempt", attempt=ATTEMPT)
    task = {"name": "t", "kind": "regular", "mine": True, "user": "nobody-here", "run": "true", "timeout": 5}
    await heard.link.call("assign", attempt=ATTEMPT, task=task, state={"status": 10})
    await heard.link.call("assigned", attempt=ATTEMPT)
    red = await heard.until("t", lambda state: state["runs"] >= 1)
    assert red["exit_code"] == 126
    assert "nobody-here" in red["stderr"]


@pytest.mark.parametrize(
    ("run", "code", "stdout"),
    [
        ("cd /; X=left; exit 3", 3, ""),
        ("echo a; exec sh -c 'echo b; exit 4'", 4, "a\nb"),
        ("if", 2, ""),
        ("kill -9 $$", 128 + 9, ""),
        ("set -e; false; echo never", 1, ""),
        ("trap 'echo bye' EXIT; exit 5", 5, "bye"),
        ("cat; read -r x; echo got=$x; exit 6", 6, "got="),
        ("echo ${X-clean} $(pwd | wc -l); exit 7", 7, "clean 1"),
        ("cat <<'X'\n$HOME\nX\nexit 8", 8, "$HOME"),
        ("head -c 300000 /dev/zero | tr '\\0' y; exit 9", 9, None),
        ("echo one >&3", 1, ""),
        ("nothing-of-that-name", 127, ""),
        ('echo "a  b"; [ -z "$UNSET" ] && if [ -e / ]; then echo there; fi; [ -e /nowhere ]', 1, "a  b\nthere"),
        ("[ one two ]", 1, ""),
        ("if true; then", 2, ""),
    ],
)
async def test_each_run_is_one_of_its_own(heard: Heard, run: str, code: int, stdout: str | None) -> None:
    """Whatever a script does to its shell, the next run finds a fresh one: twice the same is told."""
    await heard.assign({"name": "t", "run": run})
    for runs in (1, 2, 3):
        red = await heard.until("t", ran(runs))
        assert red["status"] == 30
        assert (red["exit_code"] == code or (code == 1 and red["exit_code"] == 2)) and red["timed_out"] is False
        assert stdout is None or red["stdout"] == stdout
    assert stdout is not None or len(red["stdout"]) == 16 << 10


async def test_outputs_of_one_run_are_not_those_of_the_next(heard: Heard, tmp_path: Path) -> None:
    count = tmp_path / "count"
    await heard.assign(
        {"name": "t", "run": f"echo x >>{count}; wc -l <{count}; wc -l <{count} >&2; test -e {tmp_path}/go"}
    )
    for runs in (1, 2, 3):
        red = await heard.until("t", ran(runs, exactly=True))
        assert (red["stdout"].strip(), red["stderr"].strip()) == (str(runs), str(runs))
    (tmp_path / "go").touch()
    green = await heard.status("t", 40)
    assert green["stdout"].strip() == str(green["runs"])
