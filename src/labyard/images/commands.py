"""Run a helper program: bounded output, an error one can act on, and nothing left running when the caller gives up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from labyard.errors import ImageError
from labyard.images.problems import DiskFullError

_PACKAGES = {
    "apt-cache": "apt",
    "apt-get": "apt",
    "debugfs": "e2fsprogs",
    "depmod": "kmod",
    "dpkg-deb": "dpkg",
    "mke2fs": "e2fsprogs",
    "mmdebstrap": "mmdebstrap",
    "qemu-img": "qemu-utils",
    "resize2fs": "e2fsprogs",
    "unshare": "util-linux",
}
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
_TAIL = 40
_MAX_LINE = 1 << 16


async def run(
    argv: Sequence[str | Path],
    *,
    what: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    input_text: str | None = None,
    pass_fds: Sequence[int] = (),
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run `argv` in a process group of its own and give its stdout back.

    `what` says in a few words what is being done, for the error. `on_line` sees each line of stderr. On cancellation
    the whole group is killed and waited for. ImageError when it fails, DiskFullError when the reason is a full disk.
    """
    program = str(argv[0])
    full_env = dict(os.environ if env is None else env)
    full_env["PATH"] = f"{full_env.get('PATH', os.defpath)}:{_SBIN}"
    full_env["LC_ALL"] = "C.UTF-8"
    try:
        process = await asyncio.create_subprocess_exec(
            *map(str, argv),
            stdin=asyncio.subprocess.PIPE if input_text is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=full_env,
            cwd=cwd,
            pass_fds=pass_fds,
            start_new_session=True,
            limit=_MAX_LINE,
        )
    except FileNotFoundError as error:
        package = _PACKAGES.get(program, program)
        raise ImageError(f"{what}: the program {program} is missing", hint=f"apt-get install {package}") from error
    tail: deque[str] = deque(maxlen=_TAIL)
    try:
        _, output, _ = await asyncio.gather(
            _feed(process, input_text), _read_all(process), _read_lines(process, tail, on_line)
        )
        code = await process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    if code != 0:
        raise _failure(what, program, code, tail)
    return output


async def _feed(process: asyncio.subprocess.Process, text: str | None) -> None:
    if process.stdin is None or text is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(text.encode())
        await process.stdin.drain()
    process.stdin.close()


async def _read_all(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None  # noqa: S101 - asked for above
    return (await process.stdout.read()).decode(errors="replace")


async def _read_lines(
    process: asyncio.subprocess.Process, tail: deque[str], on_line: Callable[[str], None] | None
) -> None:
    assert process.stderr is not None  # noqa: S101 - asked for above
    rest = ""
    while data := await process.stderr.read(_MAX_LINE):
        *lines, rest = (rest[-_MAX_LINE:] + data.decode(errors="replace")).replace("\r", "\n").split("\n")
        for line in filter(str.strip, lines):
            tail.append(line)
            if on_line is not None:
                on_line(line)
    if rest.strip():
        tail.append(rest)


def _failure(what: str, program: str, code: int, tail: Sequence[str]) -> ImageError:
    text = "\n".join(tail)
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return DiskFullError(f"{what}: the disk is full")
    how = f"was ended by signal {-code}" if code < 0 else f"failed with {code}"
    detail = f":\n{text}" if text else ""
    return ImageError(f"{what}: {program} {how}{detail}")
