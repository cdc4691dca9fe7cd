"""A terminal without a machine: a real shell on a real pty here, with scrollback, viewers and flow control."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Callable

WINDOW = 256 * 1024
SCROLLBACK = 64 * 1024
PROMPT = "laborant@{machine}:~$ "


class Viewer:
    """One attached browser; the shell is paused while it owes more than the window."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.owed = 0
        self.acks = 0
        self._wake = wake

    def give(self, data: bytes) -> None:
        self.owed += len(data)
        self.queue.put_nowait(data)

    def acknowledge(self, count: int) -> None:
        self.owed -= count
        self.acks += 1
        self._wake()


class FakeTerminal:
    """`id` of one machine. It lives on while nobody watches, as in a real machine."""

    def __init__(self, machine: str, cols: int, rows: int) -> None:
        self.scrollback = b""
        self.viewers: set[Viewer] = set()
        self.most_owed = 0
        self.exit_code: int | None = None
        self._reading = False
        self._typed = bytearray()  # and not yet taken
        self._loop = asyncio.get_running_loop()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            environment = {
                "PS1": PROMPT.format(machine=machine),
                "TERM": "xterm-256color",
                "PATH": os.environ["PATH"],
                "HOME": "/",
            }
            os.execve("/bin/bash", ["bash", "--norc", "--noprofile"], environment)  # noqa: S606 - the child of a fork
        os.set_blocking(self._fd, False)
        self.resize(cols, rows)
        self._update()

    def attach(self) -> Viewer:
        viewer = Viewer(self._update)
        if self.scrollback:
            viewer.give(self.scrollback)
        self.viewers.add(viewer)
        self._update()
        return viewer

    def detach(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)
        self._update()

    def send(self, data: bytes) -> None:
        if self.exit_code is not None:
            return
        if not self._typed:
            self._loop.add_writer(self._fd, self._writable)
        self._typed += data

    def _writable(self) -> None:
        try:
            del self._typed[: os.write(self._fd, self._typed[:4096])]
        except BlockingIOError:
            return
        if not self._typed:
            self._loop.remove_writer(self._fd)

    def resize(self, cols: int, rows: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def close(self) -> None:
        if self.exit_code is not None:
            return
        self._stop_reading()
        self._loop.remove_writer(self._fd)
        os.kill(self.pid, signal.SIGKILL)
        os.close(self._fd)
        os.waitpid(self.pid, 0)
        self.exit_code = 137

    def _update(self) -> None:
        wanted = self.exit_code is None and all(viewer.owed < WINDOW for viewer in self.viewers)
        if wanted and not self._reading:
            self._loop.add_reader(self._fd, self._readable)
            self._reading = True
        elif not wanted:
            self._stop_reading()

    def _stop_reading(self) -> None:
        if self._reading:
            self._loop.remove_reader(self._fd)
            self._reading = False

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, 16 * 1024)
        except OSError:  # Linux: the last process left the terminal
            data = b""
        if not data:
            self._ended()
            return
        self.scrollback = (self.scrollback + data)[-SCROLLBACK:]
        for viewer in self.viewers:
            viewer.give(data)
            self.most_owed = max(self.most_owed, viewer.owed)
        self._update()

    def _ended(self) -> None:
        self._stop_reading()
        self._loop.remove_writer(self._fd)
        os.close(self._fd)
        _, status = os.waitpid(self.pid, 0)
        self.exit_code = os.waitstatus_to_exitcode(status)
        for viewer in self.viewers:
            viewer.queue.put_nowait(None)
