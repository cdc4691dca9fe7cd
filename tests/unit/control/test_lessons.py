"""Lessons from start to solved, over a fake host, with a clock and a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.lessons import write_lessons
from tests.unit.control.conftest import World, world
from tests.unit.server.conftest import DEMO

from labyard.content.library import Library
from labyard.control.catalog import Catalog
from labyard.control.learning import Learning, LessonChange
from labyard.control.lesson_key import LessonKey
from labyard.control.lessons import Lessons, Status
from labyard.control.manifests import Manifests
from labyard.control.planning import NewPlay
from labyard.control.refusals import BadRequestError
from labyard.errors import ConflictError, NotFoundError
from labyard.play.plan import TaskKind
from labyard.play.status import PlayState, TaskStatus
from labyard.store.plays import PlayRow

pytestmark = pytest.mark.usefixtures("each_database")

OWNER = "owner"
CHALLENGE = LessonKey("challenge", "two-nodes")
TUTORIAL = LessonKey("tutorial", "agreeing")
LESSON = LessonKey("course", "nodes", "first/one")


class School:
    def __init__(self, world: World, library: Library) -> None:
        self.world = world
        self.lessons = Lessons(library, world.plays, world.progress)
        self.learning = Learning(library, self.lessons, world.plays, world.progress)

    async def start(self, key: LessonKey = CHALLENGE) -> str:
        play = await self.lessons.start(OWNER, key, {})
        await self.world.settle(4)
        return play.row.id

    async def row(self, play_id: str) -> PlayRow:
        return (await self.world.plays.get(OWNER, play_id)).row

    async def set(self, play_id: str, status: TaskStatus, *tasks: str) -> None:
        for task in tasks:
            self.world.host.set_task(play_id, task, status=status)
        await self.world.settle(2)

    async def solve(self, play_id: str) -> None:
        plan = (await self.row(play_id)).plan
        await self.set(
            play_id, TaskStatus.COMPLETED, *(task.name for task in plan.tasks if task.kind is TaskKind.REGULAR)
        )

    async def status(self, plural: str = "challenges", name: str = "two-nodes") -> Status | None:
        return (await self.lessons.get(OWNER, plural, name)).status


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    write_lessons(tmp_path / "content")
    (tmp_path / "demo.yaml").write_text(DEMO)
    async with world(tmp_path) as made:
        made.catalog = Catalog([tmp_path], Manifests())
        made.library = library = Library((tmp_path / "content",), made.catalog.grounds)
        made.reboot_server()
        yield School(made, library)


async def test_from_todo_to_solved_and_it_stays_so(school: School) -> None:
    assert await school.status() is Status.TODO
    play = await school.start()
    assert await school.status() is Status.ATTEMPTED
    await school.world.plays.snapshot(OWNER, play, "before")
    await school.solve(play)
    assert await school.status() is Status.SOLVED
    await school.world.plays.rewind(OWNER, play, "before")
    await school.world.settle(3)
    statuses = {task.name: task.status for task in (await school.row(play)).report.tasks}  # type: ignore[union-attr]
    assert statuses["check_two"] is not TaskStatus.COMPLETED
    assert await school.status() is Status.SOLVED
    await school.lessons.stop(OWNER, CHALLENGE)
    await school.world.settle(3)
    assert await school.status() is Status.SOLVED
    row = (await school.world.progress.of(OWNER))[str(CHALLENGE)]
    assert (row.attempts, row.last_play, row.solved_at) == (1, play, school.world.clock.now)


async def test_what_was_solved_a_moment_before_a_rewind_is_solved(school: School) -> None:
    play = await school.start()
    await school.world.plays.snapshot(OWNER, play, "before")
    for task in ("check_one", "check_two"):
        school.world.host.set_task(play, task, status=TaskStatus.COMPLETED)
    await school.world.plays.rewind(OWNER, play, "before")
    assert await school.status() is Status.SOLVED


async def test_helpers_do_not_count_and_one_open_task_is_enough(school: School) -> None:
    play = await school.start()
    await school.set(play, TaskStatus.COMPLETED, "check_one", "keep_going")
    assert await school.status() is Status.ATTEMPTED
    await school.set(play, TaskStatus.COMPLETED, "check_two")
    assert await school.status() is Status.SOLVED


async def test_a_bot_counts_for_nobody_nor_do_its_forks(school: School) -> None:
    view = await school.world.plays.create(OWNER, NewPlay(lesson=str(CHALLENGE), bot=True))
    await school.world.settle(4)
    fork = await school.world.plays.fork(OWNER, view.row.id)
    await school.world.settle(4)
    await school.solve(view.row.id)
    await school.solve(fork.row.id)
    assert (await school.row(fork.row.id)).bot
    assert await school.world.progress.of(OWNER) == {}
    assert await school.status() is Status.TODO
    mine = await school.start()
    assert mine not in (view.row.id, fork.row.id), "a bot's play is not the learner's to go on with"


async def test_a_failed_task_fails_the_attempt_and_the_play_goes_on(school: School) -> None:
    first = await school.start()
    await school.set(first, TaskStatus.FAILED, "check_two")
    (attempt,) = await school.world.progress.attempts(OWNER, str(CHALLENGE))
    assert attempt.failed_at is not None and attempt.solved_at is None
    assert (await school.row(first)).state is PlayState.RUNNING
    assert await school.status() is Status.ATTEMPTED
    await school.lessons.stop(OWNER, CHALLENGE)
    second = await school.start()
    await school.solve(second)
    assert await school.status() is Status.SOLVED
    assert len(await school.world.progress.attempts(OWNER, str(CHALLENGE))) == 2


async def test_a_cut_between_progress_and_row_repeats_and_counts_once(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = await school.start()
    saved = school.world.store.save

    async def cut(row: PlayRow, **more: object) -> PlayRow:
        raise ConnectionError("cut")

    monkeypatch.setattr(school.world.store, "save", cut)
    await school.solve(play)
    assert await school.status() is Status.SOLVED, "it is written before the row"
    solved_at = (await school.world.progress.of(OWNER))[str(CHALLENGE)].solved_at
    monkeypatch.setattr(school.world.store, "save", saved)
    school.world.clock.advance(timedelta(hours=1))
    school.world.reboot_server()
    await school.world.settle(3)
    assert (await school.world.progress.of(OWNER))[str(CHALLENGE)].solved_at == solved_at


async def test_start_goes_on_with_what_runs_and_begins_anew_after_a_stop(school: School) -> None:
    first = await school.start()
    assert await school.start() == first
    await school.world.plays.stop(OWNER, first)
    await school.world.settle(3)
    second = await school.start()
    assert second != first
    ended = await school.lessons.stop(OWNER, CHALLENGE)
    await school.world.settle(3)
    assert ended is not None and (await school.row(second)).state is PlayState.DESTROYED
    assert await school.lessons.stop(OWNER, CHALLENGE) is None


async def test_what_was_asked_to_be_kept_is_only_stopped(school: School) -> None:
    play = await school.start()
    await school.world.plays.make_persistent(OWNER, play)
    await school.lessons.stop(OWNER, CHALLENGE)
    await school.world.settle(3)
    assert (await school.row(play)).state is PlayState.STOPPED


async def test_another_owners_play_is_nobody_elses(school: School) -> None:
    theirs = await school.lessons.start("other", CHALLENGE, {})
    mine = await school.lessons.start(OWNER, CHALLENGE, {})
    assert theirs.row.id != mine.row.id
    await school.lessons.stop(OWNER, CHALLENGE)
    await school.world.settle(3)
    assert (await school.world.plays.get("other", theirs.row.id)).row.state is PlayState.RUNNING
    view = await school.lessons.get(OWNER, "challenges", "two-nodes")
    assert view.attempts == 2 and view.progress is not None and view.progress.attempts == 1


async def test_a_tutorial_is_completed_by_its_reader(school: School) -> None:
    assert await school.status("tutorials", "agreeing") is Status.TODO
    play = await school.start(TUTORIAL)
    assert [tab.machine for tab in (await school.row(play)).plan.tabs] == ["node-02"]
    assert await school.status("tutorials", "agreeing") is Status.ATTEMPTED
    await school.lessons.complete(OWNER, TUTORIAL)
    assert await school.status("tutorials", "agreeing") is Status.COMPLETED
    with pytest.raises(ConflictError):
        await school.lessons.complete(OWNER, CHALLENGE)
    with pytest.raises(NotFoundError):
        await school.lessons.complete(OWNER, LessonKey("tutorial", "absent"))


async def test_a_lesson_of_a_course_is_complete_with_its_tasks_and_its_challenges(school: School) -> None:
    async def done() -> list[bool]:
        course = await school.learning.of(OWNER, "courses", "nodes")
        return [lesson.completed for module in course.modules for lesson in module.lessons]

    async def change(lesson: str, **wish: bool) -> None:
        await school.learning.change(OWNER, "nodes", [LessonChange(module="first", lesson=lesson, **wish)], {})

    await change("one", started=True)
    await school.world.settle(4)
    (view,) = await school.lessons.running(OWNER, str(LESSON))
    assert view.row.plan.lesson == "course/nodes/first/one"
    assert (await school.world.progress.of(OWNER))[str(LESSON)].attempts == 1
    await school.solve(view.row.id)
    assert await done() == [False, False], "the challenge is in the way"
    gates = (await school.learning.of(OWNER, "courses", "nodes")).modules[0].lessons[0].gates
    assert [(gate.name, gate.passed) for gate in gates] == [("two-nodes", False)]
    with pytest.raises(ConflictError):
        await change("one", completed=True)
    await school.solve(await school.start())
    assert await done() == [True, False]
    await change("two", completed=True)
    assert await done() == [True, True]
    assert (await school.learning.of(OWNER, "courses", "nodes")).completed
    assert (await school.learning.of(OWNER, "skill-paths", "up")).completed
    await change("one", started=False)
    await school.world.settle(3)
    assert await school.lessons.running(OWNER, str(LESSON)) == []
    with pytest.raises(NotFoundError):
        await change("three", started=True)


async def test_days_in_a_row(school: School) -> None:
    play = await school.start()
    school.world.clock.advance(timedelta(days=1))
    await school.solve(play)
    streak = await school.world.progress.streak(OWNER)
    assert (streak.current, streak.longest, len(streak.days)) == (2, 2, 2)
    school.world.clock.advance(timedelta(days=2))
    assert (await school.world.progress.streak(OWNER)).current == 0


@pytest.mark.parametrize(
    "text",
    [
        "", "challenge", "challenge/", "/x", "challenge/x/y", "course/x", "course/x/", "course/x/a/b/c", "course/x//b",
        "skill-path/x", "challenge/" + "x" * 400,
    ],
)  # fmt: skip
def test_what_is_no_lesson(text: str) -> None:
    with pytest.raises(BadRequestError):
        LessonKey.parse(text)


@pytest.mark.parametrize("text", ["challenge/x", "tutorial/x-1", "course/x/lesson", "course/x/module/lesson"])
def test_a_lesson_is_called_as_it_was(text: str) -> None:
    assert str(LessonKey.parse(text)) == text
