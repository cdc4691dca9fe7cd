"""What every host promises of tasks that are not init tasks, and of what learners put in. Part of `HostContract`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tests.contract.told import ID, NOBODY, OTHER, listed, reached, until

from labyard.errors import ConflictError, NotFoundError
from labyard.hosts.contract import INPUT_LIMIT, Host
from labyard.play.plan import PlayPlan, TaskKind, TaskPlan
from labyard.play.status import PlayReport, PlayState, TaskReport, TaskStatus


def with_tasks(plan: PlayPlan) -> PlayPlan:
    """One that passes, one that waits for it, one that never passes, one that waits for that, and a helper."""
    machine = plan.machines[0].name
    tasks = (
        TaskPlan(name="passes", machine=machine, kind=TaskKind.REGULAR, run="true"),
        TaskPlan(name="follows", machine=machine, kind=TaskKind.REGULAR, run="true", needs=("passes",)),
        TaskPlan(name="never", machine=machine, kind=TaskKind.REGULAR, run="false"),
        TaskPlan(name="waits", machine=machine, kind=TaskKind.REGULAR, run="true", needs=("never",)),
        TaskPlan(name="helps", machine=machine, kind=TaskKind.HELPER, run="sleep 1"),
    )
    return plan.model_copy(update={"tasks": (*plan.tasks, *tasks), "lesson": "challenge/contract"})


def task(report: PlayReport, name: str) -> TaskReport:
    return next(each for each in report.tasks if each.name == name)


def settled(report: PlayReport) -> bool:
    """All that can happen has happened, and what never passes was tried again."""
    return (
        task(report, "follows").status is TaskStatus.COMPLETED
        and task(report, "never").runs >= 2
        and task(report, "helps").status is TaskStatus.RUNNING
    )


class TasksContract:
    @pytest.fixture
    async def checked(self, host: Host, plan: PlayPlan, patience: float) -> AsyncIterator[Host]:
        async with asyncio.timeout(2 * patience):
            await host.start(ID, with_tasks(plan))
            await until(host, ID, lambda report: report.state is PlayState.RUNNING and settled(report))
        yield host
        async with asyncio.timeout(patience):
            await host.destroy(ID)

    async def test_tasks_run_until_they_pass(self, checked: Host, patience: float) -> None:
        report = await listed(checked)
        assert report is not None and report.state is PlayState.RUNNING
        passed, never = task(report, "passes"), task(report, "never")
        assert (passed.status, passed.exit_code, passed.init, passed.helper) == (TaskStatus.COMPLETED, 0, False, False)
        assert never.status is not TaskStatus.COMPLETED and never.exit_code not in (None, 0)
        assert task(report, "waits").runs == 0 and task(report, "waits").status is not TaskStatus.COMPLETED
        assert task(report, "helps").helper
        async with asyncio.timeout(patience):
            later = await until(checked, ID, lambda now: task(now, "never").runs > never.runs)
        assert task(later, "passes") == passed, "what has passed is not run again"

    async def test_versions_of_tasks_grow(self, checked: Host, patience: float) -> None:
        before = await listed(checked)
        assert before is not None
        version = task(before, "never").version
        async with asyncio.timeout(patience):
            await until(checked, ID, lambda now: task(now, "never").version > version)

    async def test_what_is_put_in_is_told(self, checked: Host, patience: float) -> None:
        words = "a b\n'\"$(reboot) é"
        async with asyncio.timeout(patience):
            await checked.put_in(ID, "never", words)
            await until(checked, ID, lambda report: task(report, "never").input == words)
            await checked.put_in(ID, "never", "x" * INPUT_LIMIT)
            await until(checked, ID, lambda report: task(report, "never").input == "x" * INPUT_LIMIT)
        report = await listed(checked)
        assert report is not None and task(report, "passes").input is None

    async def test_where_nothing_can_be_put_in(self, checked: Host, plan: PlayPlan) -> None:
        for play, name in ((NOBODY, "never"), (ID, "absent"), *((ID, each.name) for each in plan.tasks)):
            with pytest.raises(NotFoundError):
                await checked.put_in(play, name, "x")
        await checked.stop(ID)
        with pytest.raises(ConflictError):
            await checked.put_in(ID, "never", "x")

    async def test_tasks_go_on_after_a_stop(self, checked: Host, patience: float) -> None:
        async with asyncio.timeout(3 * patience):
            await checked.put_in(ID, "never", "kept")
            await until(checked, ID, lambda report: task(report, "never").input == "kept")
            await checked.stop(ID)
            stopped = await listed(checked)
            assert stopped is not None and task(stopped, "passes").status is TaskStatus.COMPLETED
            runs = task(stopped, "never").runs
            await checked.restart(ID)
            await reached(checked, ID, PlayState.RUNNING)
            report = await until(checked, ID, lambda now: task(now, "never").runs > runs)
        assert task(report, "passes").status is TaskStatus.COMPLETED
        assert task(report, "never").input == "kept"

    async def test_tasks_are_a_forks_too(self, checked: Host, patience: float) -> None:
        async with asyncio.timeout(3 * patience):
            await checked.fork(OTHER, ID)
            await reached(checked, OTHER, PlayState.RUNNING)
            report = await until(checked, OTHER, settled)
            assert task(report, "passes").status is TaskStatus.COMPLETED
            await checked.destroy(OTHER)

    async def test_a_restarted_server_knows_the_tasks(
        self, checked: Host, reopen: Callable[[], Awaitable[Host]]
    ) -> None:
        again = await listed(await reopen())
        assert again is not None
        assert task(again, "follows").status is TaskStatus.COMPLETED
