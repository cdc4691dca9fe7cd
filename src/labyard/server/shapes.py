"""Plays, tasks and playgrounds as JSON, with the names and types of the labctl contract. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labyard.control.access import Person
from labyard.control.catalog import Entry
from labyard.control.lesson_key import LessonKey
from labyard.control.permissions import Held
from labyard.control.port_names import PortName
from labyard.control.rows import PlayView
from labyard.control.rules import Permission
from labyard.hosts.contract import Capacity, DiskUse, MachineLoads, SnapshotInfo
from labyard.play.plan import MachinePlan, Reference, TabPlan, TaskPlan
from labyard.play.status import MachineState, MachineStatus, PlayState, TaskReport
from labyard.server import turns
from labyard.server.proxy.scan import Scanned
from labyard.store.invitations import InvitationRow
from labyard.store.keys import TokenRow
from labyard.store.plays import PlayRow
from labyard.store.ports import PortRow
from labyard.store.users import UserRow

Json = dict[str, Any]


def play(view: PlayView, *, page: str) -> Json:
    """The Play. `page`: where this server's pages are, such as `http://labyard.localhost:8800`."""
    row = view.row
    return {
        "id": row.id,
        "title": row.title,
        "createdAt": moment(row.created_at),
        "updatedAt": moment(row.updated_at),
        "lastStateAt": moment(row.state_at),
        "expiresIn": expires_in(row, view.now),
        "maxPlayTime": span(row.max_play_time or 0),
        "persistent": row.persistent,
        "forkOf": row.origin or "",
        "status": status(view),
        "playground": playground_of(row),
        **lesson_of(row),
        "pageUrl": f"{page}/plays/{row.id}",
        "machines": [machine(plan) for plan in row.plan.machines],
        "tasks": {name: task(report) for name, report in tasks_of(row).items()},
    }


def lesson_of(row: PlayRow) -> Json:
    """Which lesson it is a play of; ours: `bot`, and `playDigest` of what it was made from (see docs/develop/lessons.md)."""
    told: Json = {"challengeName": "", "tutorialName": "", "courseName": "", "lessonPath": "", "bot": row.bot}
    told["playDigest"] = row.plan.lesson_digest
    if not row.plan.lesson:
        return told
    key = LessonKey.parse(row.plan.lesson)
    told[f"{key.kind}Name"] = key.name
    told[key.kind] = {"name": key.name, "title": key.name if key.path else row.plan.title}
    if key.path:
        told["lessonPath"] = key.path
        told["lesson"] = {"name": key.path.rpartition("/")[2], "title": row.plan.title}
    return told


def expires_in(row: PlayRow, now: datetime) -> int:
    """Milliseconds left; its whole time while it has not begun; 0 for a play that has no end, or has ended."""
    if row.state is PlayState.CREATED:
        return (row.max_play_time or 0) * 1000
    if row.expires_at is None or not row.state.active:
        return 0
    return max(1, int((row.expires_at - now).total_seconds() * 1000))


def status(view: PlayView) -> Json:
    """PlayStatus. Ours: `reason`, `message`, `notes`, `queue`."""
    row = view.row
    known = {} if row.report is None else {machine.name: machine for machine in row.report.machines}
    return {
        "factoryId": "",
        "stateEvents": [
            {"state": event.state.value, "error": event.error, "at": moment(event.at)} for event in row.events
        ],
        "machines": [machine_status(known.get(plan.name, MachineStatus(name=plan.name))) for plan in row.plan.machines],
        "reason": None if row.reason is None else row.reason.value,
        "message": message(view),
        "queue": turns.turn(view),
        "notes": list(row.plan.notes if row.report is None else row.report.notes),
    }


def message(view: PlayView) -> str:
    """What a learner should know of the state, in a sentence or two."""
    row = view.row
    if view.place is not None:
        return turns.waiting(view)
    if row.reason is None:
        return row.detail
    return f"{row.reason.sentence} {row.detail}".strip()


def machine(plan: MachinePlan) -> Json:
    return {
        "name": plan.name,
        "users": [
            {"name": user.name, "default": user.name == plan.default_user, "welcome": user.welcome or ""}
            for user in plan.users
        ],
        "resources": {"cpuCount": plan.cpus, "ramSize": "" if plan.memory is None else size(plan.memory)},
        "noSSH": not plan.terminal,
    }


def machine_status(known: MachineStatus) -> Json:
    condition: Json = {"name": "Ready", "status": "True" if known.ready else "False", "message": known.message}
    changed_at = known.ready_at if known.ready else known.since
    if changed_at is not None:  # labctl cannot read an empty time
        condition["lastTransitionAt"] = moment(changed_at)
    told: Json = {
        "name": known.name,
        "state": known.state.value,
        "conditions": [condition],
        "stage": known.stage,
        "message": known.message,
    }
    if known.since is not None:
        told["since"] = moment(known.since)
    if known.state is MachineState.CREATED:
        told["conditions"] = []
    return told


def task(report: TaskReport) -> Json:
    """PlayTask; ours: `machine`, `hint` for the learner, `runs`."""
    return {
        "name": report.name,
        "init": report.init,
        "helper": report.helper,
        "status": int(report.status),
        "version": report.version,
        "machine": report.machine,
        "hint": report.hint,
        "runs": report.runs,
    }


def task_details(plan: TaskPlan, report: TaskReport, *, withheld: bool = False) -> Json:
    """TaskDetails; ours: `outputCut`, `timedOut`, `runs`, `hint`, `input`, `withheld`: without scripts and what they print."""
    if withheld:
        plan = plan.model_copy(update={"run": "", "env": (), "failcheck": None})
        silent = {"stdout": "", "stderr": "", "failcheck_stdout": "", "failcheck_stderr": "", "output_cut": False}
        report = report.model_copy(update=silent)
    hintcheck = "" if withheld else plan.hintcheck
    return {
        **task(report),
        "needs": list(plan.needs),
        "run": plan.run,
        "env": [f"{setting.name}={''.join(map(_part, setting.parts))}" for setting in plan.env],
        "user": plan.user,
        "timeoutSeconds": plan.timeout,
        "exitCode": report.exit_code or 0,
        "stdout": report.stdout,
        "stderr": report.stderr,
        "lastRunAt": "" if report.started_at is None else moment(report.started_at),
        "lastDurationMs": report.duration_ms or 0,
        "hintcheck": hintcheck or "",
        "hintcheckExitCode": report.hintcheck_exit_code or 0,
        "hintcheckStdout": report.hint.splitlines() if plan.hintcheck else [],
        "hintcheckStderr": [],
        "failcheck": plan.failcheck or "",
        "failcheckExitCode": report.failcheck_exit_code or 0,
        "failcheckStdout": report.failcheck_stdout.splitlines(),
        "failcheckStderr": report.failcheck_stderr.splitlines(),
        "input": report.input,
        "dataPlaneOnly": False,
        "controlPlaneOnly": False,
        "outputCut": report.output_cut,
        "timedOut": report.timed_out,
        "withheld": withheld,
    }


def _part(part: str | Reference) -> str:
    """As an author writes it."""
    if isinstance(part, str):
        return part
    return "x(.input)" if part.task is None else f"x(.needs.{part.task}.{part.stream.value})"


def tasks_of(row: PlayRow) -> dict[str, TaskReport]:
    """Every task of the plan by name, as last reported, else as if just created."""
    known = {} if row.report is None else {report.name: report for report in row.report.tasks}
    return {plan.name: known.get(plan.name) or TaskReport.of(plan) for plan in row.plan.tasks}


def all_task_details(row: PlayRow, machine_name: str | None = None, *, scripts_of_lesson: bool = True) -> list[Json]:
    """`scripts_of_lesson` False: what came with the lesson is withheld; what came with its playground is in a manifest."""
    reports = tasks_of(row)
    return [
        task_details(plan, reports[plan.name], withheld=plan.of_lesson and not scripts_of_lesson)
        for plan in row.plan.tasks
        if machine_name in (None, "", plan.machine)
    ]


def machine_loads(known: MachineLoads) -> Json:
    """`memoryTotal` null: the machine does not say; then `memory` is what it takes of the box. Sizes in bytes."""
    return {
        "at": known.at,
        "machines": [
            {
                "name": each.name,
                "cpus": each.cpus,
                "cpuSeconds": each.cpu_seconds,
                "memory": each.memory,
                "memoryTotal": each.memory_total,
            }
            for each in known.machines
        ],
    }


def playground_of(row: PlayRow) -> Json:
    """The Playground inside a Play: what this play was made of, as far as the pages draw it."""
    return {
        "name": row.playground,
        "title": row.plan.title,
        "owner": "",
        "networks": [
            {"name": net.name, "subnet": str(net.subnet), "gateway": str(net.gateway), "private": net.private}
            for net in row.plan.networks
        ],
        "machines": [_planned_machine(plan) for plan in row.plan.machines],
        "tabs": [tab(plan) for plan in row.plan.tabs],
    }


def _planned_machine(plan: MachinePlan) -> Json:
    return {
        "name": plan.name,
        "users": [{"name": user.name, "default": user.default} for user in plan.users],
        "kernel": {"source": plan.kernel},
        "drives": [
            {
                "source": drive.source or "",
                "mount": drive.mount or "",
                "size": "" if drive.size is None else size(drive.size),
                "filesystem": "" if drive.filesystem is None else drive.filesystem.value,
                "readOnly": drive.read_only,
            }
            for drive in plan.drives
        ],
        "network": {"interfaces": [{"network": nic.network, "address": str(nic.address)} for nic in plan.interfaces]},
        "resources": {"cpuCount": plan.cpus, "ramSize": "" if plan.memory is None else size(plan.memory)},
        "noSSH": not plan.terminal,
    }


def tab(plan: TabPlan) -> Json:
    return {
        "id": plan.id,
        "kind": plan.kind.value,
        "name": plan.name,
        "machine": plan.machine or "",
        "number": plan.number or 0,
        "access": plan.access,
        "tls": plan.tls,
        "hostRewrite": plan.host_rewrite or "",
        "pathRewrite": plan.path_rewrite or "",
        "url": plan.url or "",
        "pane": plan.pane or "",
    }


def playground(entry: Entry, held: Held, person: Person, *, page: str, extended: bool) -> Json:
    """A Playground of the catalog, as somebody may see it. Ours: `problems`, for one that cannot be read."""
    told: Json = {
        "id": entry.name,
        "name": entry.name,
        "title": entry.name,
        "description": "",
        "owner": "",  # labctl: no owner, no disclaimer
        "published": True,
        "pageUrl": f"{page}/playgrounds/{entry.name}",
        "userAccess": {
            "canList": held.allows(person, Permission.LIST),
            "canRead": True,
            "canStart": entry.manifest is not None and held.allows(person, Permission.START),
            "canChange": held.changes(person),
        },
        "machines": [],
        "problems": [str(problem) for problem in entry.problems],
    }
    if entry.manifest is None:
        return told
    written = {name: value for name, value in entry.manifest.as_json().items() if value is not None}
    if not extended:
        for long in ("markdown", "initTasks"):
            written.pop(long, None)
    return {
        **written,
        **{name: told[name] for name in ("id", "owner", "published", "pageUrl", "userAccess", "problems")},
    }


def capacity(known: Capacity) -> Json:
    return known.model_dump(mode="json")


def snapshot(known: SnapshotInfo) -> Json:
    return {"name": known.name, "createdAt": known.created_at, "size": known.size}


def disk_use(known: DiskUse, called: str) -> Json:
    return {**known.model_dump(mode="json"), "note": "; ".join(part for part in (called, known.note) if part)}


def port(row: PortRow, *, page: str) -> Json:
    """`page`: where the pages are; a port has a name below theirs."""
    scheme, _, host = page.partition("://")
    hostname = f"{PortName(row.number, row.machine, row.play).label}.{host}"
    return {
        "id": row.id,
        "playId": row.play,
        "machine": row.machine,
        "number": row.number,
        "hostname": hostname,
        "access": row.access,
        "tls": row.tls,
        "hostRewrite": row.host_rewrite,
        "pathRewrite": row.path_rewrite,
        "url": f"{scheme}://{hostname}/",
    }


def scanned_port(port: Scanned) -> Json:
    """`where` only for what is not at loopback."""
    told = {"machine": port.machine, "number": port.number, "protocol": port.speaks.value}
    return {**told, "where": port.where} if port.where else told


def token(row: TokenRow) -> Json:
    """`expiresAt` empty: it does not end."""
    return {
        "id": row.id,
        "name": row.name,
        "scope": row.scopes.split(),
        "createdAt": moment(row.created_at),
        "expiresAt": moment(row.expires_at) if row.expires_at is not None else "",
    }


def user(row: UserRow, email: str = "") -> Json:
    return {
        "id": row.id,
        "handle": row.handle,
        "name": row.name,
        "role": row.role,
        "createdAt": moment(row.created_at),
        "disabled": row.disabled_at is not None,
        "email": email,
    }


def invitation(row: InvitationRow) -> Json:
    """`uses`: how many accounts may still be made by it. `madeBy` empty: sign-up."""
    return {
        "id": row.id,
        "role": row.role,
        "email": row.email,
        "uses": row.uses,
        "madeBy": row.made_by,
        "createdAt": moment(row.created_at),
        "expiresAt": moment(row.expires_at),
    }


def moment(at: datetime) -> str:
    """RFC 3339 in UTC, milliseconds, so that text order is time order."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(seconds: int) -> str:
    """A Go duration: `3h`, `90m` stays `1h30m`, `0s`."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (left, "s")) if count]
    return "".join(parts) or "0s"


def size(count: int) -> str:
    """Bytes as an author would write them."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count and count % unit == 0:
            return f"{count // unit}{name}"
    return f"{count}B"
