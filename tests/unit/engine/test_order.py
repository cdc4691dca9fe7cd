"""Which init tasks may run: never before their needs, always in the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labyard.engine.order import before_fork, runnable, verdict, waiting_status
from labyard.play.plan import TaskPlan
from labyard.play.status import TaskStatus


@st.composite
def task_sets(draw: st.DrawFn) -> list[TaskPlan]:
    """Tasks whose needs point backwards only: no cycles, as `spec` promises."""
    tasks: list[TaskPlan] = []
    for number in range(draw(st.integers(1, 8))):
        before = [task.name for task in tasks]
        needs = draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if before else []
        machine = draw(st.sampled_from(["a", "b"]))
        tasks.append(TaskPlan(name=f"t{number}", machine=machine, run="true", needs=tuple(needs)))
    return tasks


@given(task_sets())
def test_every_task_runs_once_and_after_its_needs(tasks: list[TaskPlan]) -> None:
    statuses = {task.name: TaskStatus.CREATED for task in tasks}
    ran: list[str] = []
    while verdict(statuses) is TaskStatus.RUNNING:
        batch = runnable(tasks, statuses, {"a", "b"})
        assert batch, "open tasks, but none may run"
        for task in batch:
            assert all(need in ran for need in task.needs)
            statuses[task.name] = TaskStatus.COMPLETED
            ran.append(task.name)
    assert sorted(ran) == sorted(statuses)


@given(task_sets())
def test_nothing_runs_on_a_machine_that_is_not_ready(tasks: list[TaskPlan]) -> None:
    statuses = {task.name: TaskStatus.CREATED for task in tasks}
    assert all(task.machine == "a" for task in runnable(tasks, statuses, {"a"}))


def test_a_failed_need_blocks_for_good() -> None:
    first = TaskPlan(name="first", machine="a", run="false")
    second = TaskPlan(name="second", machine="a", run="true", needs=("first",))
    statuses = {"first": TaskStatus.FAILED, "second": TaskStatus.CREATED}
    assert runnable([first, second], statuses, {"a"}) == ()
    assert waiting_status(second, statuses) is TaskStatus.BLOCKED
    assert verdict(statuses) is TaskStatus.FAILED


@given(task_sets(), st.sets(st.integers(0, 7)))
def test_what_is_in_a_snapshot_needs_nothing_that_runs_after_a_fork(tasks: list[TaskPlan], later: set[int]) -> None:
    tasks = [task.model_copy(update={"after_fork": number in later}) for number, task in enumerate(tasks)]
    inside = {task.name for task in before_fork(tasks)}
    for task in tasks:
        kept_out = task.after_fork or any(need not in inside for need in task.needs)
        assert (task.name not in inside) is kept_out
    statuses = dict.fromkeys(inside, TaskStatus.CREATED)
    while (batch := runnable(before_fork(tasks), statuses, {"a", "b"})) and verdict(statuses) is TaskStatus.RUNNING:
        statuses |= {task.name: TaskStatus.COMPLETED for task in batch}
    assert verdict(statuses) is TaskStatus.COMPLETED, "all of it can be done before the snapshot"
