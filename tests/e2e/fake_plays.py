"""Plays and playgrounds as JSON, in the words of docs/develop/architecture.md: what the fake server tells."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import Any

from labyard.play.status import Reason

Json = dict[str, Any]


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def machine(name: str, *interfaces: tuple[str, str], drives: list[Json] | None = None, kernel: str = "6.1") -> Json:
    return {
        "name": name,
        "users": [{"name": "laborant", "default": True}, {"name": "root"}],
        "kernel": {"source": kernel},
        "drives": drives or [{"source": "debian-12", "mount": "/", "size": "10GiB"}],
        "network": {"interfaces": [{"network": network, "address": address} for network, address in interfaces]},
        "resources": {"cpuCount": 2, "ramSize": "1GiB"},
    }


LAN = {"name": "local", "subnet": "172.16.0.0/24", "gateway": "172.16.0.1"}

PLAYGROUNDS: dict[str, Json] = {
    "mini-lan": {
        "name": "mini-lan",
        "title": "Mini LAN",
        "description": "Three machines on one network, to try what hosts say to each other.",
        "markdown": "# Try it\n\n"
        "Ping `node-02` from **node-01**.\n\n- <script>alert(1)</script> stays text\n- one network",
        "networks": [LAN],
        "machines": [machine(f"node-0{n}", ("local", f"172.16.0.{n + 1}/24")) for n in (1, 2, 3)],
        "initTasks": {"prepare_hosts": {"machine": "node-01"}, "seed_data": {"machine": "node-02"}},
    },
    "routing-lab": {
        "name": "routing-lab",
        "title": "Routing lab",
        "description": "A web server with a leg in two networks, and a database that only the private one reaches.",
        "networks": [
            {"name": "frontend", "subnet": "10.0.1.0/24", "gateway": "10.0.1.1"},
            {"name": "backend", "subnet": "10.0.2.0/24", "gateway": "10.0.2.1", "private": True},
        ],
        "machines": [
            machine("web-01", ("frontend", "10.0.1.2/24"), ("backend", "10.0.2.2/24")),
            machine(
                "db-01",
                ("backend", "10.0.2.3/24"),
                drives=[{"source": "debian-12", "mount": "/"}, {"size": "2GiB", "filesystem": "xfs", "mount": "/data"}],
            ),
        ],
        "tabs": [
            {"kind": "terminal", "machine": "web-01"},
            {"kind": "terminal", "machine": "db-01", "name": "Database"},
            {"kind": "kexp", "machine": "web-01", "name": "Cluster"},
        ],
    },
    "debian": {
        "name": "debian",
        "title": "Debian",
        "description": "One Debian 12 machine.",
        "networks": [LAN],
        "machines": [machine("debian-01", ("local", "172.16.0.2/24"))],
        "initConditions": {
            "values": [
                {"key": "Container runtime", "default": "docker", "options": ["docker", "podman"]},
                {"key": "Nickname", "placeholder": "ada", "nullable": True, "validationRegex": "^[a-z]{2,8}$"},
            ]
        },
    },
    "broken": {
        "name": "broken",
        "title": "A lab whose preparation fails",
        "description": "Its second step ends with an error.",
        "networks": [LAN],
        "machines": [machine("node-01", ("local", "172.16.0.2/24"))],
        "initTasks": {"install_tools": {"machine": "node-01"}, "load_schema": {"machine": "node-01"}},
    },
}


SENTENCES = {reason.value: reason.sentence for reason in Reason}
IN_PLAY = ("name", "title", "networks", "machines", "tabs")


class FakePlay:
    """One play's story: machines boot, tasks run, and in `broken` the second one fails."""

    def __init__(self, playground: Json, state: str = "CREATED") -> None:
        self.id = secrets.token_hex(12)
        self.playground = playground
        self.title = playground["title"]
        self.created = now()
        self.version = 0
        self.ends = time.monotonic() + 3600
        self.minutes = 60
        self.reason: str | None = None
        self.message = ""
        self.queue: dict[str, Any] | None = None
        self.events: list[Json] = [{"state": state, "error": False, "at": now()}]
        self.stages = {machine["name"]: ("CREATED", False, "", now()) for machine in playground["machines"]}
        self.tasks: dict[str, Json] = {
            name: {"name": name, "init": True, "helper": False, "status": 10, "version": 0, "machine": task["machine"]}
            for name, task in playground.get("initTasks", {}).items()
        }
        self.output: dict[str, Json] = {}
        self.notes: list[str] = []
        self.snapshots: list[Json] = []
        self.fork_of = ""
        self.challenge = ""
        self.course, self.path = "", ""
        self.digest: str | None = None
        self.answers: list[tuple[str, str]] = []

    @property
    def state(self) -> str:
        return str(self.events[-1]["state"])

    def become(self, state: str, reason: str | None = None, message: str = "") -> None:
        self.events.append({"state": state, "error": state == "FAILED", "at": now()})
        self.reason, self.message = reason, message
        self.version += 1

    def machine(self, name: str, state: str, stage: str = "", *, ready: bool = False) -> None:
        self.stages[name] = (state, ready, stage, now())
        self.version += 1

    def task(self, name: str, status: int, **more: Any) -> None:
        self.tasks[name]["status"] = status
        self.tasks[name]["version"] += 1
        self.output.setdefault(name, {"lastRunAt": now()}).update(more)
        self.version += 1

    def status(self) -> Json:
        machines = [
            {
                "name": name,
                "state": state,
                "conditions": [{"name": "Ready", "status": "True" if ready else "False", "lastTransitionAt": at}],
                "stage": stage,
                "since": at,
                "message": "",
            }
            for name, (state, ready, stage, at) in self.stages.items()
        ]
        message = f"{SENTENCES.get(self.reason or '', '')} {self.message}".strip()
        said = {"reason": self.reason, "message": message, "notes": self.notes, "queue": self.queue}
        return {"factoryId": "", "stateEvents": self.events, "machines": machines, **said}

    def json(self) -> Json:
        machines = [
            {"name": m["name"], "users": m["users"], "resources": m["resources"]} for m in self.playground["machines"]
        ]
        return {
            "id": self.id,
            "title": self.title,
            "createdAt": self.created,
            "updatedAt": self.events[-1]["at"],
            "expiresIn": int((self.ends - time.monotonic()) * 1000),
            "maxPlayTime": f"{self.minutes}m",
            "status": self.status(),
            "playground": {key: self.playground[key] for key in IN_PLAY if key in self.playground},
            "pageUrl": f"/plays/{self.id}",
            "forkOf": self.fork_of,
            "challengeName": self.challenge,
            "courseName": self.course,
            "lessonPath": self.path,
            **({} if self.digest is None else {"playDigest": self.digest}),
            "machines": machines,
            "tasks": {name: {k: v for k, v in task.items() if k != "machine"} for name, task in self.tasks.items()},
        }

    def give(self, minutes: int) -> None:
        """In all, from its start."""
        self.ends += (minutes - self.minutes) * 60
        self.minutes = minutes

    def keep(self, name: str) -> None:
        self.snapshots.append({"name": name, "createdAt": now(), "size": 1 << 20})

    def forget(self, name: str) -> None:
        self.snapshots = [snapshot for snapshot in self.snapshots if snapshot["name"] != name]

    def fork(self) -> FakePlay:
        """A play that goes on from what this one is; the server tells its story."""
        forked = FakePlay(self.playground)
        forked.fork_of = self.id
        for task in forked.tasks.values():
            task["status"] = 40
        return forked

    def details(self) -> list[Json]:
        base = {
            "needs": [],
            "user": "root",
            "timeoutSeconds": 60,
            "exitCode": 0,
            "stdout": "",
            "stderr": "",
            "lastDurationMs": 0,
        }
        return [{**base, **task, **self.output.get(name, {})} for name, task in self.tasks.items()]


def failed_play() -> FakePlay:
    play = FakePlay(PLAYGROUNDS["broken"], "STARTING")
    play.machine("node-01", "RUNNING", ready=True)
    play.task("install_tools", 40, lastDurationMs=1840)
    play.task(
        "load_schema",
        35,
        exitCode=3,
        lastDurationMs=420,
        stdout="loading schema.sql\n",
        stderr='psql: error: connection to server at "127.0.0.1" failed: Connection refused\n',
    )
    play.become("FAILED", "init-task-failed", "Task load_schema on node-01 ended with exit code 3.")
    return play


def starting_play() -> FakePlay:
    play = FakePlay(PLAYGROUNDS["mini-lan"], "STARTING")
    play.notes.append("This box has no KVM: machines are emulated and boot several times slower.")
    play.machine("node-01", "RUNNING", ready=True)
    play.machine("node-02", "STARTING", "kernel is booting")
    play.machine("node-03", "CREATED", "fetching image debian-12")
    play.task("prepare_hosts", 30)
    play.task("seed_data", 20, needs=["prepare_hosts"])
    return play


def ended_play(state: str, reason: str) -> FakePlay:
    play = FakePlay(PLAYGROUNDS["routing-lab"], "RUNNING")
    for name in play.stages:
        play.machine(name, "STOPPED")
    play.become(state, reason)
    return play


def running_play(name: str) -> FakePlay:
    play = FakePlay(PLAYGROUNDS[name], "STARTING")
    for machine_name in play.stages:
        play.machine(machine_name, "RUNNING", ready=True)
    play.become("RUNNING")
    return play


def lesson_play(challenge: str = "nat-gateway") -> FakePlay:
    play = running_play("routing-lab")
    play.challenge = challenge
    tasks = {"prepare": 40, "verify_forwarding": 30, "verify_name": 30}
    for name, status in tasks.items():
        init = name == "prepare"
        play.tasks[name] = {
            "name": name,
            "init": init,
            "helper": False,
            "status": status,
            "version": 1,
            "machine": "web-01",
        }
    play.tasks["verify_forwarding"]["hint"] = "net.ipv4.ip_forward is still 0."
    return play
