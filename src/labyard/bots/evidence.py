"""What is kept of an attempt, in a folder of its own. Bounded: scripts may print for ever, names may mean ill."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labyard.bots.lab import TaskSight

_STRANGE = re.compile(r"[^A-Za-z0-9._-]")
_NAME_LIMIT = 80  # characters of a file's or folder's name
_HEAD_LIMIT = 768 << 10  # bytes of a chunk's output from its beginning
_TAIL_LIMIT = 256 << 10  # and from its end
_TEXT_LIMIT = 1 << 20  # characters of a console or diary
_LINES_LIMIT = 4 << 20  # characters of task states over time
_OUTPUT_LIMIT = 16 << 10  # characters of a task's last output


def plain(name: str) -> str:
    """A name as a file may have it: no folders, nothing hidden, never empty."""
    return _STRANGE.sub("_", name)[:_NAME_LIMIT].lstrip(".") or "_"


class Output:
    """What a program prints: its beginning, and its end once it grew too long."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._left_out = 0

    def take(self, data: bytes) -> None:
        room = _HEAD_LIMIT - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if (over := len(self._tail) - _TAIL_LIMIT) > 0:
            self._left_out += over
            del self._tail[:over]

    def content(self) -> bytes:
        gap = f"\n[... {self._left_out} bytes left out ...]\n".encode() if self._left_out else b""
        return bytes(self._head) + gap + bytes(self._tail)

    def last_line(self) -> str:
        """The last words of it, for a reason."""
        end = (bytes(self._head) + bytes(self._tail))[-4096:].decode(errors="replace")
        lines = [line.strip() for line in end.splitlines() if line.strip()]
        return lines[-1][:200] if lines else ""


class Evidence:
    """One attempt's folder; with None nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._written = 0
        self._states: dict[str, Any] | None = None
        self._noted_at = 0.0

    def keep(self, name: str, content: str | bytes) -> None:
        """A file, replaced when it is there."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content[-_TEXT_LIMIT:].encode(errors="replace")
        (self._folder / plain(name)).write_bytes(data)

    def note_tasks(self, tasks: Sequence[TaskSight], at: float, *, every: float) -> None:
        """A line in `tasks.jsonl` when a status changed, and one every `every` seconds. `at`: seconds since the start."""
        states = {task.name: int(task.status) for task in tasks}
        if self._folder is None or (states == self._states and at - self._noted_at < every):
            return
        self._states, self._noted_at = states, at
        told = {task.name: {"status": task.status, "runs": task.runs, "exitCode": task.exit_code} for task in tasks}
        line = json.dumps({"at": round(at, 1), "tasks": told}) + "\n"
        if self._written + len(line) <= _LINES_LIMIT:
            self._written += len(line)
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / "tasks.jsonl").open("a", encoding="utf-8") as file:
                file.write(line)

    def keep_outputs(self, tasks: Sequence[TaskSight]) -> None:
        """What each task printed last."""
        told = {
            task.name: {
                "machine": task.machine,
                "status": task.status,
                "runs": task.runs,
                "exitCode": task.exit_code,
                "stdout": task.stdout[-_OUTPUT_LIMIT:],
                "stderr": task.stderr[-_OUTPUT_LIMIT:],
            }
            for task in tasks
        }
        self.keep("tasks.json", json.dumps(told, indent=1))
