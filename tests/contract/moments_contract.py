"""What every host promises of moments: stop and go on, forks, snapshots, rewinds, saved playgrounds. Part of `HostContract`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.contract.told import ID, OTHER, done_tasks, listed, reached, type_in

from labyard.errors import ConflictError, NotFoundError
from labyard.hosts.contract import Host
from labyard.play.plan import PlayPlan
from labyard.play.status import PlayState


class MomentsContract:
    async def test_what_was_stopped_goes_on_where_it_was(self, running: Host, plan: PlayPlan, patience: float) -> None:
        machine = plan.machines[0].name
        before = done_tasks(await listed(running))
        async with asyncio.timeout(3 * patience):
            await type_in(running, ID, machine, "before")
            await running.stop(ID)
            await running.restart(ID)
            after = await reached(running, ID, PlayState.RUNNING)
            assert b"before" in await type_in(running, ID, machine, "after")
        assert done_tasks(after) == before

    @pytest.mark.parametrize("stopped", [False, True])
    async def test_a_fork_is_what_its_source_is(
        self, running: Host, plan: PlayPlan, patience: float, stopped: bool
    ) -> None:
        machine = plan.machines[0].name
        async with asyncio.timeout(3 * patience):
            await type_in(running, ID, machine, "shared")
            if stopped:
                await running.stop(ID)
            before = await listed(running)
            await running.fork(OTHER, ID)
            report = await reached(running, OTHER, PlayState.RUNNING)
            assert done_tasks(report) == done_tasks(before)
            assert [each.name for each in report.machines] == [each.name for each in plan.machines]
            assert b"shared" in await type_in(running, OTHER, machine, "mine")
            again = await listed(running, OTHER)
            await running.fork(OTHER, ID)
            assert await listed(running, OTHER) == again
            source = await listed(running)
            assert before is not None and source is not None and source.state is before.state
            if not stopped:
                shown = await type_in(running, ID, machine, "yours")
                assert b"shared" in shown and b"mine" not in shown
            await running.destroy(OTHER)

    async def test_a_fork_outlives_its_source(self, running: Host, plan: PlayPlan, patience: float) -> None:
        async with asyncio.timeout(3 * patience):
            await running.fork(OTHER, ID)
            await running.destroy(ID)
            await reached(running, OTHER, PlayState.RUNNING)
            await type_in(running, OTHER, plan.machines[0].name, "alone")
            await running.destroy(OTHER)

    async def test_what_does_not_run_yet_is_not_kept(self, host: Host, plan: PlayPlan, patience: float) -> None:
        await host.start(ID, plan, cold=True)
        report = await listed(host)
        if report is not None and report.state is PlayState.STARTING:
            for verb in (host.fork(OTHER, ID), host.snapshot(ID, "early"), host.save(ID)):
                with pytest.raises(ConflictError):
                    await verb
        assert await listed(host, OTHER) is None
        async with asyncio.timeout(3 * patience):
            await reached(host, ID, PlayState.RUNNING)
            await host.destroy(ID)

    @pytest.mark.parametrize("stopped", [False, True])
    async def test_rewind_brings_back_what_was(
        self, running: Host, plan: PlayPlan, patience: float, stopped: bool
    ) -> None:
        machine = plan.machines[0].name
        tasks = done_tasks(await listed(running))
        async with asyncio.timeout(3 * patience):
            await type_in(running, ID, machine, "before")
            taken = await running.snapshot(ID, "one")
            assert taken.name == "one" and taken.created_at
            assert b"before" in await type_in(running, ID, machine, "afterwards")
            if stopped:
                await running.stop(ID)
            await running.rewind(ID, "one")
            if stopped:
                await running.restart(ID)
            report = await reached(running, ID, PlayState.RUNNING)
            assert done_tasks(report) == tasks
            shown = await type_in(running, ID, machine, "again")
            assert b"before" in shown and b"afterwards" not in shown
            assert [each.name for each in await running.snapshots(ID)] == ["one"]

    async def test_snapshots_have_names_of_their_own(self, running: Host, patience: float) -> None:
        async with asyncio.timeout(3 * patience):
            await running.snapshot(ID, "one")
            await running.stop(ID)
            await running.snapshot(ID, "two")
            with pytest.raises(ConflictError):
                await running.snapshot(ID, "one")
            assert [each.name for each in await running.snapshots(ID)] == ["one", "two"]
            before = await listed(running)
            for verb in (running.rewind(ID, "none"), running.remove_snapshot(ID, "none")):
                with pytest.raises(NotFoundError):
                    await verb
            assert await listed(running) == before
            await running.remove_snapshot(ID, "one")
            assert [each.name for each in await running.snapshots(ID)] == ["two"]

    async def test_snapshots_end_with_their_play(self, running: Host, plan: PlayPlan, patience: float) -> None:
        async with asyncio.timeout(3 * patience):
            await running.snapshot(ID, "one")
            await running.destroy(ID)
            await running.start(ID, plan)
            await reached(running, ID, PlayState.RUNNING)
            assert await running.snapshots(ID) == []

    async def test_a_restarted_server_knows_the_snapshots(
        self, running: Host, reopen: Callable[[], Awaitable[Host]], patience: float
    ) -> None:
        async with asyncio.timeout(3 * patience):
            taken = await running.snapshot(ID, "one")
            again = await reopen()
            assert [each.name for each in await again.snapshots(ID)] == [taken.name]

    async def test_what_was_saved_outlives_its_play(self, running: Host, plan: PlayPlan, patience: float) -> None:
        machine = plan.machines[0].name
        async with asyncio.timeout(3 * patience):
            await type_in(running, ID, machine, "saved")
            snapshot = await running.save(ID)
            await running.destroy(ID)
            await running.start(OTHER, plan.model_copy(update={"snapshot": snapshot}))
            report = await reached(running, OTHER, PlayState.RUNNING)
            assert all(each.ready for each in report.machines)
            assert b"saved" in await type_in(running, OTHER, machine, "more")
            await running.forget(snapshot)
            await running.forget(snapshot)
            await type_in(running, OTHER, machine, "still")
            await running.destroy(OTHER)
            with pytest.raises(NotFoundError):
                await running.start(OTHER, plan.model_copy(update={"snapshot": snapshot}))
        assert await listed(running, OTHER) is None

    async def test_prepare_ends_finished(self, host: Host, plan: PlayPlan, patience: float) -> None:
        async with asyncio.timeout(3 * patience):
            for wanted in (plan, plan, plan.model_copy(update={"warm": False})):
                steps = [step async for step in host.prepare(wanted)]
                assert [step.finished for step in steps] == [False] * (len(steps) - 1) + [True]
            assert await host.list() == []
            await host.start(ID, plan)
            report = await reached(host, ID, PlayState.RUNNING)
            assert [task.name for task in report.tasks] == [task.name for task in plan.tasks]
            await host.destroy(ID)

    async def test_disk_use_and_scrub(self, running: Host, patience: float) -> None:
        async with asyncio.timeout(3 * patience):
            await running.snapshot(ID, "one")
            used = await running.disk_use()
            assert ("play", ID) in {(each.kind, each.name) for each in used}
            assert "snapshot" in {each.kind for each in used}
            assert all(each.own >= 0 and each.shared >= 0 for each in used)
            assert await running.scrub() == []
