"""A machine's serial console: QEMU keeps the last 256 KiB in memory; what we take from there goes to a bounded file."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path

from labyard.errors import MachineError
from labyard.machine.plan import CONSOLE_BYTES, CONSOLE_ID
from labyard.machine.qmp import Qmp

# One answer of QEMU; its line, in base64, stays far below what qemu.qmp reads at once.
_PIECE = 64 * 1024


class Console:
    """The log at `path`: at most 512 KiB on disk. Taking text out of QEMU empties its buffer, so there is one taker."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_taker = asyncio.Lock()

    async def drain(self, qmp: Qmp, *, timeout: float = 5) -> None:
        """Move what QEMU holds into the log. MachineError when QEMU does not answer."""
        async with self._one_taker:
            for _ in range(CONSOLE_BYTES // _PIECE + 1):
                arguments = {"device": CONSOLE_ID, "size": _PIECE, "format": "base64"}
                answer = await qmp.execute("ringbuf-read", arguments, timeout=timeout)
                try:
                    text = base64.b64decode(str(answer), validate=True)
                except ValueError as error:
                    raise MachineError("QEMU's console buffer is not what it should be") from error
                self._append(text)
                if len(text) < _PIECE:
                    return

    def tail(self) -> str:
        """The last 256 KiB of the log, "" when there is none yet."""
        return tail(self._path, CONSOLE_BYTES)

    def _append(self, text: bytes) -> None:
        if not text:
            return
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab") as log:
            log.write(text)
            size = log.tell()
        if size > 2 * CONSOLE_BYTES:
            shorter = self._path.with_name(self._path.name + ".new")
            shorter.write_bytes(_last(self._path, CONSOLE_BYTES))
            shorter.chmod(0o600)
            shorter.replace(self._path)


def tail(path: Path, size: int) -> str:
    """The last `size` bytes of a log as text, "" when there is none."""
    try:
        return _last(path, size).decode(errors="replace")
    except FileNotFoundError:
        return ""


def _last(path: Path, size: int) -> bytes:
    with path.open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - size))
        return log.read(size)
