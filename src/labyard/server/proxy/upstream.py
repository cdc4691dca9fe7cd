"""A port's program as a network for httpcore: bytes through the machine's examiner, with TLS where it speaks that."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

import anyio
import httpcore
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from labyard.errors import LabyardError
from labyard.hosts.contract import Host
from labyard.play.streams import Chunk, Dial, Stream

_SOCKET_OPTION = Any


class GuestBytes(ByteStream):
    """One connection inside a machine. Its end without a word is an end; one with a word is an error."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._rest = b""
        self._ahead: asyncio.Task[Chunk | None] | None = None

    def readable(self) -> bool:
        """Whether something has come, or the end: of a connection that nobody reads, that its program has closed it."""
        return bool(self._rest) or self._looking().done()

    def _looking(self) -> asyncio.Task[Chunk | None]:
        """At what comes next, one piece ahead at most."""
        if self._ahead is None:
            self._ahead = asyncio.create_task(self._stream.receive())
        return self._ahead

    async def receive(self, max_bytes: int = 65536) -> bytes:
        if not self._rest:
            chunk = await asyncio.shield(self._looking())
            self._ahead = None
            if chunk is None:
                if error := (await self._stream.result()).error:
                    raise anyio.BrokenResourceError(error)
                raise anyio.EndOfStream
            self._rest = chunk.data
        data, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
        return data

    async def send(self, item: bytes) -> None:
        try:
            await self._stream.send(item)
        except LabyardError as error:
            raise anyio.BrokenResourceError(error.message) from error

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        if self._ahead is not None:
            self._ahead.cancel()
            await asyncio.gather(self._ahead, return_exceptions=True)
        await self._stream.close()


def trusting() -> ssl.SSLContext:
    """A machine of a lab shows a certificate of its own making; nobody but its machine stands behind the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class GuestStream(httpcore.AsyncNetworkStream):
    """`raw`: what `stream` is carried by, where that is TLS."""

    def __init__(self, stream: ByteStream, raw: GuestBytes) -> None:
        self._stream = stream
        self._raw = raw

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            with anyio.fail_after(timeout):
                return await self._stream.receive(max_bytes)
        except anyio.EndOfStream:
            return b""
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, ssl.SSLError) as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        try:
            with anyio.fail_after(timeout):
                await self._stream.send(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, ssl.SSLError) as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            with anyio.fail_after(timeout):
                wrapped = await TLSStream.wrap(
                    self._stream,
                    server_side=False,
                    ssl_context=ssl_context,
                    hostname=server_hostname,
                    standard_compatible=False,
                )
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except (anyio.BrokenResourceError, anyio.EndOfStream, ssl.SSLError) as error:
            raise httpcore.ConnectError(str(error) or "it does not speak TLS") from error
        return GuestStream(wrapped, self._raw)

    def get_extra_info(self, info: str) -> Any:
        """httpcore asks so whether an idle connection can still be used."""
        return self._raw.readable() if info == "is_readable" else None


class GuestNetwork(httpcore.AsyncNetworkBackend):
    """Whatever is asked for, it connects to that port of this machine."""

    def __init__(self, host: Host, play: str, machine: str) -> None:
        self._host = host
        self._play = play
        self._machine = machine

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raw = await self.dial(port, timeout)
        return GuestStream(raw, raw)

    async def dial(self, port: int, timeout: float | None) -> GuestBytes:
        """httpcore.ConnectError when nobody listens, or the machine does not answer."""
        try:
            with anyio.fail_after(timeout):
                return GuestBytes(await self._open(port))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except LabyardError as error:
            raise httpcore.ConnectError(error.message) from error

    async def _open(self, port: int) -> Stream:
        """Programs that listen at `localhost` may mean either loopback; others are looked for where they listen, which an
        examiner of old does not know. When none answers the first one's words count.
        """
        refusals: list[LabyardError] = []
        for dial in (
            Dial(address=f"127.0.0.1:{port}"),
            Dial(address=f"[::1]:{port}"),
            Dial(network="port", address=str(port)),
        ):
            try:
                return await self._host.open(self._play, self._machine, dial)
            except LabyardError as error:
                refusals.append(error)
        raise refusals[0]

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)
