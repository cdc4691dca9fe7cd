"""QMP, QEMU's control connection, over `qemu.qmp`: time limits on everything, our errors, and its end as an event."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from socket import SHUT_RDWR

from qemu.qmp import EventListener, ExecuteError, Message, QMPClient, QMPError, Runstate

from labyard.errors import MachineError
from labyard.machine import sockets

_RETRY_SECONDS = 0.02
_MOST_EVENTS = 1024
_HINT = "`labyard playground debug` shows what QEMU said"

# Everything it has to say reaches us as an error anyway.
logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL + 1)


class _Heard(EventListener):
    """What was heard and not yet read, then None.

    The library's own listener keeps all it ever heard: a guest could fill us up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waiting: asyncio.Queue[Message | None] = asyncio.Queue()

    async def put(self, event: Message) -> None:
        self.add(event)

    def add(self, event: Message | None) -> None:
        if self.waiting.qsize() >= _MOST_EVENTS:
            self.waiting.get_nowait()
        self.waiting.put_nowait(event)


class Qmp:
    """One connection. QEMU serves one at a time; a second one waits until the first is closed."""

    def __init__(self, client: QMPClient, heard: _Heard) -> None:
        self._client = client
        self._heard = heard
        self._with_descriptor = asyncio.Lock()
        self._leave = asyncio.Event()
        self._watcher = asyncio.create_task(self._watch())

    @classmethod
    async def connect(cls, path: Path, *, timeout: float) -> Qmp:
        """Connect to the monitor at `path`, trying for `timeout` seconds. MachineError when it does not answer."""
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            left = deadline - asyncio.get_running_loop().time()
            client, heard = QMPClient("labyard"), _Heard()
            client.events.event_filter = lambda _: False
            client.register_listener(heard)
            try:
                await _connect(client, path, max(left, 0.001))
            except (OSError, QMPError, TimeoutError) as error:
                if left <= _RETRY_SECONDS:
                    raise MachineError(f"QEMU's monitor does not answer within {timeout:g} s", hint=_HINT) from error
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return cls(client, heard)

    async def execute(
        self, command: str, arguments: Mapping[str, object] | None = None, *, timeout: float = 10
    ) -> object:
        """Run a command; its answer. MachineError when QEMU refuses it, is gone, or takes over `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                return await self._client.execute(command, arguments)
        except ExecuteError as error:
            raise MachineError(f"QEMU refuses {command}: {error}", hint=_HINT) from error
        except TimeoutError as error:
            raise MachineError(f"QEMU does not answer {command} within {timeout:g} s", hint=_HINT) from error
        except (QMPError, OSError, EOFError) as error:
            raise MachineError(f"the connection to QEMU broke during {command}", hint=_HINT) from error

    async def add_descriptor(self, descriptor: int, fdset: int) -> None:
        """Give QEMU a file as `/dev/fdset/<fdset>`. One at a time: only their order says which file is whose."""
        await self._pass(descriptor, "add-fd", {"fdset-id": fdset})

    async def name_descriptor(self, descriptor: int, name: str) -> None:
        """Give QEMU a file as `fd:<name>`, to be used once."""
        await self._pass(descriptor, "getfd", {"fdname": name})

    async def _pass(self, descriptor: int, command: str, arguments: Mapping[str, object]) -> None:
        async with self._with_descriptor:
            try:
                self._client.send_fd_scm(descriptor)
            except (QMPError, OSError) as error:
                raise MachineError("the connection to QEMU broke while passing a file", hint=_HINT) from error
            await self.execute(command, arguments)

    async def events(self) -> AsyncIterator[Message]:
        """What QEMU tells unasked, until the connection ends. For one reader."""
        while (event := await self._heard.waiting.get()) is not None:
            yield event

    async def close(self) -> None:
        """Hang up; QEMU goes on. Safe to repeat."""
        self._leave.set()
        await asyncio.wait((self._watcher,))

    async def _watch(self) -> None:
        """Hang up, once, when either side wants to; then tell the reader of events."""
        leaving = asyncio.create_task(self._leave.wait())
        while self._client.runstate is Runstate.RUNNING and not leaving.done():
            changed = asyncio.create_task(self._client.runstate_changed())
            await asyncio.wait((leaving, changed), return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
        leaving.cancel()
        with contextlib.suppress(QMPError, OSError, EOFError):
            await self._client.disconnect()
        self._heard.add(None)


async def _connect(client: QMPClient, path: Path, timeout: float) -> None:
    """Connect, or give up so that nothing is left open.

    The library leaks when it is cancelled while it hangs up: it is never cancelled, but loses its connection.
    """
    socket = sockets.connect(path)
    attempt = asyncio.ensure_future(client.connect(socket))
    attempt.add_done_callback(lambda done: done.cancelled() or done.exception())  # however it ends, it was looked at
    try:
        await asyncio.wait((attempt,), timeout=timeout)
        if not attempt.done():
            raise TimeoutError
        attempt.result()
    except BaseException:
        with contextlib.suppress(OSError):
            socket.shutdown(SHUT_RDWR)
        await asyncio.wait((attempt,), timeout=1)
        socket.close()
        raise
