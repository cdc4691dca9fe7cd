"""One conversation about a machine's files. Whoever answers may be anybody's program: every line and length is bounded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, TypeVar

from pydantic import ValidationError

from labyard.control.file_faults import fault
from labyard.errors import GuestError
from labyard.play.plan import Value
from labyard.play.streams import Channel, Stream

LONGEST_LINE = 4 << 20  # bytes: a part of a folder whose names are all long
_PIECE = 256 << 10

ValueT = TypeVar("ValueT", bound=Value)


class FileTalk:
    """One question at a time. `settled`: nothing of an answer is on the way, so that another can be asked.

    `patience`: seconds in which something must come, or be taken. GuestError when it does not, or the machine is gone.
    """

    def __init__(self, stream: Stream, *, patience: float) -> None:
        self._stream = stream
        self._patience = patience
        self._rest = bytearray()
        self._ending = asyncio.ensure_future(stream.result())
        self.settled = True

    @property
    def alive(self) -> bool:
        return not self._ending.done()

    async def ask(self, op: str, **arguments: object) -> None:
        """What follows is for `line`, `pieces` and `settle`."""
        self.settled = False
        await self.send(json.dumps({"op": op, **arguments}).encode() + b"\n")

    async def answer(self, kind: type[ValueT], op: str, **arguments: object) -> ValueT:
        """Ask what is answered by one line."""
        await self.ask(op, **arguments)
        said = await self.line()
        self.settled = True
        return read(kind, said)

    async def line(self) -> dict[str, Any]:
        """The next line of an answer. Raises what it tells of, as `control.file_faults` has it; the answer is over then."""
        while (end := self._rest.find(b"\n")) < 0:
            if len(self._rest) > LONGEST_LINE:
                raise GuestError("the machine answers without end")
            self._rest += await self._more()
        text = bytes(self._rest[:end])
        del self._rest[: end + 1]
        try:
            said = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise GuestError("the machine's answer cannot be read") from error
        if not isinstance(said, dict):
            raise GuestError("the machine's answer cannot be read")
        if "error" in said:
            self.settled = True
            raise fault(said)
        return said

    async def pieces(self, count: int) -> AsyncIterator[bytes]:
        """So many bytes; the answer is over then."""
        while count > 0:
            if not self._rest:
                self._rest += await self._more()
            piece = bytes(self._rest[: min(count, _PIECE)])
            del self._rest[: len(piece)]
            count -= len(piece)
            if count == 0:
                self.settled = True
            yield piece
        self.settled = True

    async def send(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._stream.send(data)
        except TimeoutError:
            raise GuestError("the machine does not take what it is sent") from None

    async def close(self) -> None:
        self._ending.cancel()
        await self._stream.close()

    async def _more(self) -> bytes:
        while True:
            try:
                async with asyncio.timeout(self._patience):
                    chunk = await self._stream.receive()
            except TimeoutError:
                raise GuestError("the machine does not answer", hint="is it busy?") from None
            if chunk is None:
                raise GuestError("the machine broke off", hint="try again")
            if chunk.channel is Channel.STDOUT:
                return chunk.data


def read(kind: type[ValueT], said: dict[str, Any]) -> ValueT:
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        raise GuestError("the machine's answer cannot be understood") from error
