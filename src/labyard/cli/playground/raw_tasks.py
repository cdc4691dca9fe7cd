"""What tasks ran and printed, in full: for those who write them."""

from __future__ import annotations

from typing import Any

from labyard.cli.plays import TASK_WORDS


def describe_raw(task: dict[str, Any]) -> str:
    """One task: how it stands, its scripts, and what their last runs printed. What is withheld is said to be so."""
    parts = [f"### {task.get('name')} on {task.get('machine')}: {_standing(task)}"]
    if task.get("withheld"):
        return "\n".join((*parts, "# its script and output are for those who write its lesson"))
    for title, text in (
        (f"run as {task.get('user') or 'root'}, at most {task.get('timeoutSeconds')} s", task.get("run")),
        ("environment", "\n".join(task.get("env") or ())),
        ("what was put in", task.get("input")),
        ("stdout, the end of it" if task.get("outputCut") else "stdout", task.get("stdout")),
        ("stderr, the end of it" if task.get("outputCut") else "stderr", task.get("stderr")),
        (f"failcheck, exit {task.get('failcheckExitCode')}", task.get("failcheck")),
        ("failcheck printed", "\n".join(task.get("failcheckStdout") or ())),
        ("failcheck complained", "\n".join(task.get("failcheckStderr") or ())),
        (f"hintcheck, exit {task.get('hintcheckExitCode')}", task.get("hintcheck")),
        ("hint", task.get("hint")),
    ):
        if text:
            parts += [f"# {title}:", *(f"    {line}" for line in str(text).splitlines())]
    return "\n".join(parts)


def _standing(task: dict[str, Any]) -> str:
    word = TASK_WORDS.get(task.get("status") or 0, str(task.get("status")))
    if not task.get("lastRunAt"):
        return f"{word}, not run yet"
    how = "timed out" if task.get("timedOut") else f"exit {task.get('exitCode')}"
    runs = f", run {task['runs']}" if task.get("runs") else ""
    return f"{word}, {how} after {(task.get('lastDurationMs') or 0) / 1000:.2f} s at {task['lastRunAt']}{runs}"
