"""A server made of nothing: its machines understand a few words, its tasks look at what was done."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from labyard.bots.lab import (
    AwayError,
    Lesson,
    MachineSight,
    Playground,
    PlaySight,
    Ran,
    Room,
    Solution,
    Standing,
    TaskSight,
)
from labyard.errors import CapacityError, ConflictError, LabyardError, NotFoundError

Check = Callable[["FakePlay"], bool]
GIB = 1 << 30


def done(word: str) -> Check:
    """Green once somebody wrote `do WORD` in a machine."""
    return lambda play: word in play.done


@dataclass
class Content:
    """What a lesson or playground is like. `checks`: of its regular tasks; `init_fails`: its preparation does."""

    checks: dict[str, Check] = field(default_factory=dict)
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fails_on: dict[str, str] = field(default_factory=dict)
    machines: tuple[str, ...] = ("node-01", "node-02")
    init_fails: bool = False
    never_ready: bool = False
    refused: LabyardError | None = None
    mute: bool = False
    helpers: tuple[str, ...] = ()


@dataclass
class FakePlay:
    id: str
    name: str
    title: str
    cold: bool
    content: Content
    tasks: dict[str, TaskSight]
    state: str = "RUNNING"
    boots: dict[str, int] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    left_behind: int = 0

    def look(self) -> None:
        """What an examiner does between two looks of ours."""
        if self.content.init_fails or self.content.never_ready:
            return
        for name, task in list(self.tasks.items()):
            if not task.init and task.status < 35:
                self.tasks[name] = self._run(task)

    def _run(self, task: TaskSight) -> TaskSight:
        if any(self.tasks[need].status != 40 for need in task.needs):
            return replace(task, status=20)
        task = replace(task, runs=task.runs + 1, status=30, exit_code=1, stderr="not yet")
        if self.content.fails_on.get(task.name, "-") in self.done:
            return replace(task, status=35)
        green = not task.helper and self.content.checks[task.name](self)
        return replace(task, status=40, exit_code=0) if green else task


class FakeLab:
    """`contents` by name. `away`: how many calls find nobody. `cut`: how many programs lose the server in their middle."""

    def __init__(self) -> None:
        self.contents: dict[str, Content] = {}
        self.stock_playgrounds: list[Playground] = []
        self.stock_lessons: list[Lesson] = []
        self.scripts: dict[str, list[Solution]] = {}
        self.all: dict[str, FakePlay] = {}
        self.ran: list[tuple[str, str | None, str]] = []
        self.prepared: list[str] = []
        self.away = 0
        self.away_for_ever = False
        self.loses_answers = 0
        self.cut = 0
        self.refusals = 0
        self.most = 0
        self.has = Room(cpus=8, memory=64 * GIB, memory_used=0, emulated=False)
        self.undestroyable = False
        self.unreadable: set[str] = set()

    def add_lesson(self, name: str, content: Content, *scripts: str, **more: Any) -> None:
        self.contents[name] = content
        self.stock_lessons.append(Lesson(kind="challenge", name=name, title=name.title(), **more))
        self.scripts[name] = [
            Solution(name=f"solution-{number}", script=script) for number, script in enumerate(scripts, 1)
        ]

    def add_playground(self, name: str, content: Content | None = None, **more: Any) -> None:
        self.contents[name] = content or Content()
        self.stock_playgrounds.append(Playground(name=name, title=name.title(), **more))

    def add_others(self, state: str = "RUNNING") -> FakePlay:
        play = FakePlay(id=secrets.token_hex(12), name="x", title="", cold=False, content=Content(), tasks={})
        play.state = state
        self.all[play.id] = play
        return play

    @property
    def alive(self) -> list[FakePlay]:
        return [play for play in self.all.values() if play.state != "DESTROYED"]

    async def _here(self) -> None:
        await asyncio.sleep(0)
        if self.away_for_ever or self.away > 0:
            self.away -= 1
            raise AwayError("no server answers")

    async def playgrounds(self) -> list[Playground]:
        await self._here()
        return self.stock_playgrounds

    async def lessons(self) -> list[Lesson]:
        await self._here()
        return self.stock_lessons

    async def solutions(self, lesson: Lesson) -> list[Solution]:
        await self._here()
        if lesson.name in self.unreadable:
            raise ConflictError("not UTF-8")
        return self.scripts[lesson.name]

    async def prepare(self, playground: str) -> None:
        await self._here()
        self.prepared.append(playground)

    async def start(self, kind: str, name: str, *, cold: bool, title: str) -> str:
        await self._here()
        content = self.contents[name]
        if content.refused is not None:
            raise content.refused
        tasks = {"prepare": TaskSight(name="prepare", init=True, status=40, exit_code=0)}
        if content.init_fails:
            tasks["prepare"] = replace(tasks["prepare"], status=35, exit_code=3, stderr="apt: no\n")
        for task in content.checks:
            tasks[task] = TaskSight(name=task, needs=content.needs.get(task, ()))
        for task in content.helpers:
            tasks[task] = TaskSight(name=task, helper=True)
        play_id = secrets.token_hex(12)
        boots = dict.fromkeys(content.machines, 1)
        self.all[play_id] = FakePlay(play_id, name, title, cold, content, tasks, boots=boots)
        self.most = max(self.most, len([play for play in self.alive if play.title]))
        if self.loses_answers:
            self.loses_answers -= 1
            raise AwayError("the answer was lost", begun=True)
        return play_id

    def _play(self, play_id: str) -> FakePlay:
        if play_id not in self.all:
            raise NotFoundError(f"there is no play {play_id}")
        return self.all[play_id]

    async def play(self, play_id: str) -> PlaySight:
        await self._here()
        return self._sight(self._play(play_id))

    def _sight(self, play: FakePlay) -> PlaySight:
        standing = Standing.READY
        if play.content.init_fails:
            standing = Standing.FAILED
        elif play.content.never_ready:
            standing = Standing.WAITING
        if play.state in ("DESTROYED", "STOPPED"):
            standing = Standing.ENDED
        machines = tuple(
            MachineSight(name=name, ready=not play.content.never_ready, changed_at=f"boot {boots}", words="booting")
            for name, boots in play.boots.items()
        )
        return PlaySight(id=play.id, standing=standing, state=play.state, title=play.title, machines=machines)

    async def plays(self) -> list[PlaySight]:
        await self._here()
        return [self._sight(play) for play in self.alive]

    async def tasks(self, play_id: str) -> list[TaskSight]:
        await self._here()
        play = self._play(play_id)
        play.look()
        return list(play.tasks.values())

    async def exec(
        self,
        play_id: str,
        machine: str,
        argv: Sequence[str],
        *,
        user: str | None,
        timeout: float,
        take: Callable[[bytes], None],
    ) -> Ran:
        await self._here()
        play = self._play(play_id)
        if self.refusals:
            self.refusals -= 1
            return Ran(error="the examiner does not answer", begun=False)
        if play.content.mute:
            return Ran(error="the examiner does not answer", begun=False)
        if argv[0] == "echo":
            take(" ".join(argv[1:]).encode() + b"\n")
            return Ran(exit_code=0)
        self.ran.append((machine, user, argv[-1]))
        if self.cut:
            self.cut -= 1
            raise AwayError("the connection broke off", begun=True)
        try:
            async with asyncio.timeout(timeout):
                return await self._script(play, machine, argv[-1], take)
        except TimeoutError:
            return Ran(exit_code=137, timed_out=True)

    async def _script(self, play: FakePlay, machine: str, script: str, take: Callable[[bytes], None]) -> Ran:
        for line in script.splitlines():
            take(f"+ {line}\n".encode())
            match line.split():
                case ["do", word]:
                    play.done.add(word)
                case ["do-once-done", word, needed]:  # fails until another did something
                    if needed not in play.done:
                        play.done.add(needed)
                        return Ran(exit_code=1)
                    play.done.add(word)
                case ["exit", code]:
                    return Ran(exit_code=int(code))
                case ["hang"]:
                    await asyncio.Event().wait()
                case ["serve", "&"]:
                    play.left_behind += 1
                case ["flood"]:
                    take(b"x" * (13 << 20))
                case ["reboot"]:
                    play.boots[machine] += 1
                    return Ran(error="the machine is gone")
                case ["vanish"]:
                    return Ran(error="the machine is gone")
                case ["end", "play"]:
                    play.state = "STOPPED"
        return Ran(exit_code=0)

    async def diary(self, play_id: str) -> dict[str, Any]:
        await self._here()
        return {"play": {"id": play_id, "status": {"stateEvents": [{"state": self._play(play_id).state}]}}}

    async def console(self, play_id: str, machine: str) -> str:
        await self._here()
        return f"console of {machine}\n"

    async def destroy(self, play_id: str) -> None:
        await self._here()
        if self.undestroyable:
            raise CapacityError("it will not go")
        self._play(play_id).state = "DESTROYED"

    async def room(self) -> Room:
        await self._here()
        return self.has
