"""What every host promises. Subclass `HostContract`, give it a host, and all of this is run through it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tests.contract.moments_contract import MomentsContract
from tests.contract.tasks_contract import TasksContract
from tests.contract.told import ID, NOBODY, OTHER, listed, output, reached, until

from labyard.errors import CapacityError, ConflictError, NotFoundError
from labyard.hosts.contract import Host
from labyard.play.plan import PlayPlan
from labyard.play.status import MachineState, PlayReport, PlayState, Reason
from labyard.play.streams import Channel, Exec, Result

__all__ = ["ID", "NOBODY", "OTHER", "HostContract", "listed", "output", "reached", "until"]


class HostContract(MomentsContract, TasksContract):
    """Fixtures a subclass gives: `host` (nothing on it), `plan` (small, boots well), `reopen` (the same host after its
    server restarted: same journal, new object), and `patience` (seconds one wait may take).
    """

    @pytest.fixture
    def patience(self) -> float:
        return 5.0

    @pytest.fixture
    async def running(self, host: Host, plan: PlayPlan, patience: float) -> AsyncIterator[Host]:
        async with asyncio.timeout(patience):
            await host.start(ID, plan)
            await reached(host, ID, PlayState.RUNNING)
        yield host
        async with asyncio.timeout(patience):
            await host.destroy(ID)

    async def test_start_is_told_and_listed(self, running: Host, plan: PlayPlan) -> None:
        report = await listed(running)
        assert report is not None and report.state is PlayState.RUNNING
        assert [machine.name for machine in report.machines] == [machine.name for machine in plan.machines]
        assert all(machine.ready and machine.state is MachineState.RUNNING for machine in report.machines)

    async def test_starting_again_changes_nothing(self, running: Host, plan: PlayPlan) -> None:
        before = await listed(running)
        await running.start(ID, plan)
        assert await listed(running) == before

    async def test_versions_grow(self, host: Host, plan: PlayPlan, patience: float) -> None:
        versions: list[int] = []
        async with asyncio.timeout(patience), contextlib.aclosing(host.watch()) as reports:  # type: ignore[type-var]
            await host.start(ID, plan)
            async for report in reports:
                versions.append(report.version)
                if report.state is PlayState.RUNNING:
                    break
        assert versions == sorted(set(versions))
        await host.destroy(ID)

    async def test_what_is_taken(self, running: Host, plan: PlayPlan) -> None:
        (cost,) = [cost for cost in (await running.load()).plays if cost.id == ID]
        assert cost.machines == len(plan.machines) and cost.promised > 0 and cost.cpu_seconds >= 0
        assert cost.memory is not None and cost.memory > 0
        await running.stop(ID)
        assert [cost.machines for cost in (await running.load()).plays if cost.id == ID] in ([], [0])

    async def test_what_each_machine_takes(self, running: Host, plan: PlayPlan) -> None:
        first = await running.machine_loads(ID)
        assert [each.name for each in first.machines] == [machine.name for machine in plan.machines]
        for each in first.machines:
            assert each.cpus > 0 and each.cpu_seconds is not None and each.cpu_seconds >= 0
            assert each.memory is not None and each.memory_total is not None, "the machine says itself"
            assert 0 < each.memory < each.memory_total
        second = await running.machine_loads(ID)
        assert second.at > first.at
        for before, after in zip(first.machines, second.machines, strict=True):
            assert before.cpu_seconds is not None and after.cpu_seconds is not None
            assert after.cpu_seconds >= before.cpu_seconds
        await running.stop(ID)
        off = await running.machine_loads(ID)
        assert [(each.cpu_seconds, each.memory) for each in off.machines] == [(None, None)] * len(plan.machines)

    async def test_whether_it_booted_is_told(self, host: Host, plan: PlayPlan, patience: float) -> None:
        async with asyncio.timeout(2 * patience):
            await host.start(ID, plan, cold=True)
            await reached(host, ID, PlayState.RUNNING)
            booted = await listed(host)
            await host.stop(ID)
            await host.restart(ID)
            await reached(host, ID, PlayState.RUNNING)
            went_on = await listed(host)
            await host.destroy(ID)
        assert booted is not None and booted.booted
        assert went_on is not None and not went_on.booted

    async def test_a_kernel_that_is_not_here_cannot_be_removed(self, host: Host) -> None:
        for unknown in ("0.0", "../6.1", ""):
            with pytest.raises(NotFoundError):
                await host.remove_kernel(unknown)

    async def test_unknown_plays(self, host: Host) -> None:
        verbs: list[Callable[[], Awaitable[object]]] = [
            lambda: host.restart(NOBODY),
            lambda: host.stop(NOBODY),
            lambda: host.machine(NOBODY, "node-01", "reboot"),
            lambda: host.set_lifetime(NOBODY, 60),
            lambda: host.open(NOBODY, "node-01", Exec(argv=("echo",))),
            lambda: host.console(NOBODY, "node-01"),
            lambda: host.debug(NOBODY),
            lambda: host.machine_loads(NOBODY),
            lambda: host.fork(OTHER, NOBODY),
            lambda: host.snapshot(NOBODY, "one"),
            lambda: host.snapshots(NOBODY),
            lambda: host.rewind(NOBODY, "one"),
            lambda: host.remove_snapshot(NOBODY, "one"),
            lambda: host.save(NOBODY),
        ]
        for verb in verbs:
            with pytest.raises(NotFoundError):
                await verb()
        await host.destroy(NOBODY)
        await host.forget("f" * 32)
        assert await listed(host, OTHER) is None

    async def test_unknown_machines(self, running: Host) -> None:
        with pytest.raises(NotFoundError):
            await running.open(ID, "nobody", Exec(argv=("echo",)))
        with pytest.raises(NotFoundError):
            await running.machine(ID, "nobody", "reboot")
        with pytest.raises(NotFoundError):
            await running.console(ID, "nobody")

    async def test_stop_frees_memory_and_restart_goes_on(self, running: Host, patience: float) -> None:
        assert (await running.capacity()).memory_used > 0
        await running.stop(ID)
        stopped = await listed(running)
        assert stopped is not None and stopped.state is PlayState.STOPPED and stopped.reason is Reason.STOPPED
        assert (await running.capacity()).memory_used == 0
        await running.stop(ID)
        assert await listed(running) == stopped
        await running.restart(ID)
        async with asyncio.timeout(patience):
            await reached(running, ID, PlayState.RUNNING)
        before = await listed(running)
        await running.restart(ID)
        assert await listed(running) == before

    async def test_a_stopped_play_cannot_be_talked_to(self, running: Host, plan: PlayPlan) -> None:
        await running.stop(ID)
        machine = plan.machines[0].name
        with pytest.raises(ConflictError):
            await running.open(ID, machine, Exec(argv=("echo",)))
        with pytest.raises(ConflictError):
            await running.machine(ID, machine, "reboot")

    @pytest.mark.parametrize("state", ["accepted", "running", "stopped", "restarting"])
    async def test_destroy_in_every_state(self, host: Host, plan: PlayPlan, patience: float, state: str) -> None:
        async with asyncio.timeout(patience):
            await host.start(ID, plan)
            if state != "accepted":
                await reached(host, ID, PlayState.RUNNING)
            if state in ("stopped", "restarting"):
                await host.stop(ID)
            if state == "restarting":
                await host.restart(ID)
            await host.destroy(ID)
        assert await listed(host) is None
        assert (await host.capacity()).plays == 0
        await host.destroy(ID)

    async def test_destroy_is_told(self, running: Host, patience: float) -> None:
        async with asyncio.timeout(patience):
            waiting = asyncio.create_task(reached(running, ID, PlayState.DESTROYED))
            await asyncio.sleep(0)
            await running.destroy(ID)
            await waiting

    async def test_an_id_can_be_used_again(self, running: Host, plan: PlayPlan, patience: float) -> None:
        await running.destroy(ID)
        await running.start(ID, plan)
        async with asyncio.timeout(patience):
            await reached(running, ID, PlayState.RUNNING)

    async def test_watch_gives_everything_first(self, running: Host, plan: PlayPlan, patience: float) -> None:
        await running.stop(ID)
        await running.start(OTHER, plan)
        async with asyncio.timeout(patience):
            for _ in range(2):
                seen: set[str] = set()
                async with contextlib.aclosing(running.watch()) as reports:  # type: ignore[type-var]
                    async for report in reports:
                        seen.add(report.id)
                        if seen == {ID, OTHER}:
                            break
        await running.destroy(OTHER)

    async def test_lifetime_stops_it(self, running: Host, patience: float) -> None:
        await running.set_lifetime(ID, 0.05)
        async with asyncio.timeout(patience):
            report = await reached(running, ID, PlayState.STOPPED)
        assert report.reason is Reason.EXPIRED

    async def test_lifetime_can_be_lifted(self, running: Host, plan: PlayPlan, patience: float) -> None:
        await running.set_lifetime(ID, 0.3)
        await running.set_lifetime(ID, None)
        await running.start(OTHER, plan, lifetime=0.6)  # ends later than the first would have
        async with asyncio.timeout(patience):
            await reached(running, OTHER, PlayState.STOPPED)
        report = await listed(running)
        assert report is not None and report.state is PlayState.RUNNING
        await running.destroy(OTHER)

    async def test_programs(self, running: Host, plan: PlayPlan, patience: float) -> None:
        machine = plan.machines[0].name
        async with asyncio.timeout(patience):
            heard, result = await output(await running.open(ID, machine, Exec(argv=("echo", "hello"))))
            assert heard == {Channel.STDOUT: b"hello\n"} and result == Result(exit_code=0)
            _, result = await output(await running.open(ID, machine, Exec(argv=("false",))))
            assert result.exit_code == 1
            stream = await running.open(ID, machine, Exec(argv=("cat",)))
            await stream.send(b"in and out")
            await stream.send_eof()
            heard, _ = await output(stream)
            assert heard == {Channel.STDOUT: b"in and out"}
            _, result = await output(await running.open(ID, machine, Exec(argv=("sleep", "60"), timeout=0.05)))
            assert result.timed_out

    async def test_streams_end_with_their_machine(self, running: Host, plan: PlayPlan, patience: float) -> None:
        stream = await running.open(ID, plan.machines[0].name, Exec(argv=("sleep", "3600")))
        await running.stop(ID)
        async with asyncio.timeout(patience):
            assert await stream.receive() is None
            assert (await stream.result()).error
        await stream.close()
        await stream.close()

    async def test_machine_verbs(self, running: Host, plan: PlayPlan, patience: float) -> None:
        machine = plan.machines[0].name

        def state(report: PlayReport) -> tuple[MachineState, bool]:
            return next((each.state, each.ready) for each in report.machines if each.name == machine)

        async with asyncio.timeout(patience):
            await running.machine(ID, machine, "stop")
            await until(running, ID, lambda report: state(report)[0] is MachineState.STOPPED)
            with pytest.raises(ConflictError):
                await running.open(ID, machine, Exec(argv=("echo",)))
            await running.machine(ID, machine, "restart")
            await until(running, ID, lambda report: state(report) == (MachineState.RUNNING, True))
            await running.machine(ID, machine, "reboot")
            await until(running, ID, lambda report: state(report) == (MachineState.RUNNING, True))
        with pytest.raises(ConflictError):
            await running.machine(ID, machine, "levitate")

    async def test_a_restarted_server_knows_what_is_here(
        self, running: Host, reopen: Callable[[], Awaitable[Host]]
    ) -> None:
        before = await listed(running)
        again = await reopen()
        after = await listed(again)
        assert before is not None and after is not None
        assert (after.state, after.version) >= (before.state, before.version)
        assert after.state is PlayState.RUNNING

    async def test_a_cancelled_start_can_be_repeated(self, host: Host, plan: PlayPlan, patience: float) -> None:
        call = asyncio.create_task(host.start(ID, plan))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        async with asyncio.timeout(patience):
            await host.start(ID, plan)
            await reached(host, ID, PlayState.RUNNING)
            await host.destroy(ID)
        assert await listed(host) is None

    async def test_what_can_never_fit_is_refused(self, host: Host, plan: PlayPlan) -> None:
        greedy = plan.machines[0].model_copy(update={"memory": 1 << 50})
        with pytest.raises(CapacityError):
            await host.start(ID, plan.model_copy(update={"machines": (greedy,), "tasks": ()}))
        assert await listed(host) is None

    async def test_debug_tells_of_every_machine(self, running: Host, plan: PlayPlan) -> None:
        told = await running.debug(ID)
        assert [machine.name for machine in told] == [machine.name for machine in plan.machines]
        assert isinstance(await running.console(ID, plan.machines[0].name), str)
