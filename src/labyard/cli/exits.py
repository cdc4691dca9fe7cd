"""Exit statuses: what a script can rely on. The text of each is printed in docs/reference/cli.md."""

from __future__ import annotations

from enum import IntEnum

from labyard.errors import LabyardError, NotFoundError, Problem, SpecError


class ExitCode(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2  # labctl's `tasks --wait` also ends with 2 when a task failed or did not finish in time
    NOT_FOUND = 3
    UNREACHABLE = 4
    TIMED_OUT = 124  # as coreutils' timeout: `exec --timeout` ended the program
    NOT_STARTED = 126  # this and the next as shells have them
    NO_PROGRAM = 127
    INTERRUPTED = 130
    BROKEN_PIPE = 141  # whoever read our stdout went away

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.FAILED: "it did not work; stderr says what, why, and what to do",
    ExitCode.USAGE: "the command line is wrong; for `tasks --wait`: a task failed or did not finish in time",
    ExitCode.NOT_FOUND: "no such play, machine, playground, piece of content, image or kernel",
    ExitCode.UNREACHABLE: "the server cannot be reached",
    ExitCode.TIMED_OUT: "`exec --timeout` ended the program",
    ExitCode.NOT_STARTED: "`exec`: the program cannot be run",
    ExitCode.NO_PROGRAM: "`exec`: there is no such program in the machine",
    ExitCode.INTERRUPTED: "interrupted with Ctrl-C",
    ExitCode.BROKEN_PIPE: "whoever read the output went away",
}


class UsageError(LabyardError):
    """What was typed cannot be meant."""

    code = "usage"


class UnreachableError(LabyardError):
    """No server answers at the address we were given."""

    code = "server-unreachable"


class RemoteError(LabyardError):
    """The server said no. `status` is HTTP's, `remote_code` the server's own word for it."""

    code = "remote"

    def __init__(self, message: str, *, status: int, remote_code: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.remote_code = remote_code


def exit_code(error: LabyardError) -> ExitCode:
    match error:
        case UsageError():
            return ExitCode.USAGE
        case NotFoundError():
            return ExitCode.NOT_FOUND
        case UnreachableError():
            return ExitCode.UNREACHABLE
        case _:
            return ExitCode.FAILED


def from_response(status: int, body: object) -> LabyardError:
    """The error a response tells of. Lenient: it may be of another version, or a proxy that knows nothing of us."""
    told = body.get("error") if isinstance(body, dict) else None
    told = told if isinstance(told, dict) else {}
    message = str(told.get("message") or f"the server answered with status {status}")
    hint = str(told["hint"]) if told.get("hint") else None
    problems = told.get("problems")
    if isinstance(problems, list) and problems:
        return SpecError(tuple(problem_of(item) for item in problems if isinstance(item, dict)))
    if status == 404:
        return NotFoundError(message, hint=hint)
    if status == 401:
        return RemoteError(
            "the server does not know who is asking: " + message,
            status=status,
            remote_code=str(told.get("code") or "unauthorized"),
            hint=hint or "set LABYARD_TOKEN, or run as the user who may read owner.token in the server's data folder",
        )
    return RemoteError(message, status=status, remote_code=str(told.get("code") or "unknown"), hint=hint)


def problem_of(item: dict[str, object]) -> Problem:
    return Problem(
        file=str(item.get("file") or "-"),
        line=_int(item.get("line")),
        column=_int(item.get("column")),
        message=str(item.get("message") or ""),
        hint=str(item["hint"]) if item.get("hint") else None,
        warning=bool(item.get("warning")),
    )


def _int(value: object) -> int:
    return value if isinstance(value, int) else 1
